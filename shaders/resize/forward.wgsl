// Bilinear resize with half-pixel centres, as PyTorch's interpolate(mode='bilinear', align_corners=False):
//   sx = (column + 1/2) * source_width / width - 1/2, likewise sy,
// between the four pixels around (sx, sy), clamped to the edge. No antialiasing. Rounded to bytes, halves up.
//
// Layout: x [images, source_height, source_width], y [images, height, width]; whole numbers 0..255.
// Threads: one per output pixel.
//
// Positions have 10 bits of fraction and everything is integer arithmetic: the same bytes on every adapter.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  source_width: i32,
  source_height: i32,
  width: i32,
  height: i32,
  length: u32, // elements of y
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// Source position of output pixel `i` of `count` along an axis of `extent` 1/1024 pixels.
fn position(i: i32, count: i32, extent: i32) -> i32 {
  return i32((u32(2 * i + 1) * u32(extent)) / u32(2 * count)) - 512;
}

fn pixel(image: i32, px: i32, py: i32) -> i32 {
  let column = clamp(px, 0, params.source_width - 1);
  let row = clamp(py, 0, params.source_height - 1);
  return i32(x[(image * params.source_height + row) * params.source_width + column]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.length) {
    return;
  }
  let column = i32(i) % params.width;
  let row = (i32(i) / params.width) % params.height;
  let image = i32(i) / (params.width * params.height);

  let sx = position(column, params.width, params.source_width * 1024);
  let sy = position(row, params.height, params.source_height * 1024);
  let x0 = sx >> 10u;
  let y0 = sy >> 10u;
  let wx = sx & 1023;
  let wy = sy & 1023;
  let upper = pixel(image, x0, y0) * (1024 - wx) + pixel(image, x0 + 1, y0) * wx;
  let lower = pixel(image, x0, y0 + 1) * (1024 - wx) + pixel(image, x0 + 1, y0 + 1) * wx;
  y[i] = f32((upper * (1024 - wy) + lower * wy + 524288) >> 20u);
}
