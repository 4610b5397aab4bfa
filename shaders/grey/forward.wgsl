// y = 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601), rounded to a byte, halves up; alpha is ignored.
//
// Layout: pixels RGBA bytes, 4 in a u32, red in the low bits, as canvases and video frames give them;
// y of the same shape, whole numbers 0..255.
// Threads: one per pixel. Integer arithmetic: the same bytes on every adapter.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // pixels
}

@group(0) @binding(0) var<storage, read> pixels: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length) {
    return;
  }
  let red = pixels[i] & 255u;
  let green = (pixels[i] >> 8u) & 255u;
  let blue = (pixels[i] >> 16u) & 255u;
  y[i] = f32((299u * red + 587u * green + 114u * blue + 500u) / 1000u);
}
