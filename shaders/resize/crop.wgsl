// Cuts boxes out and resizes them bilinearly, with half-pixel centres:
//   sx = x0 + (column + 1/2) * (x1 - x0) / width - 1/2, likewise sy,
// between the four pixels around (sx, sy). A box may reach outside: there the nearest edge pixel is taken.
// No antialiasing. Rounded to bytes, halves up.
//
// Layout: x [images, source_height, source_width] with an image for each box, or one for all of them (several
// faces of a frame); boxes [N, 4] = x0 y0 x1 y1 in source pixels; y [N, height, width]; whole numbers 0..255.
// Threads: one per output pixel.
//
// Boxes are rounded to 1/1024 pixel and everything is integer arithmetic: the same bytes on every adapter.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: i32,
  source_width: i32,
  source_height: i32,
  width: i32,
  height: i32,
  length: u32, // elements of y
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> boxes: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// Source position of output pixel `i` of `count` along an axis from `low` to `high`, in 1/1024 pixels.
fn position(i: i32, count: i32, low: f32, high: f32) -> i32 {
  let first = i32(floor(clamp(low, -4096.0, 8191.0) * 1024.0 + 0.5));
  let last = i32(floor(clamp(high, -4096.0, 8191.0) * 1024.0 + 0.5));
  let extent = u32(clamp(last - first, 0, 4194304));
  return first + i32((u32(2 * i + 1) * extent) / u32(2 * count)) - 512;
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
  let n = i32(i) / (params.width * params.height);
  let image = min(n, params.images - 1);

  let sx = position(column, params.width, boxes[4 * n], boxes[4 * n + 2]);
  let sy = position(row, params.height, boxes[4 * n + 1], boxes[4 * n + 3]);
  let x0 = sx >> 10u;
  let y0 = sy >> 10u;
  let wx = sx & 1023;
  let wy = sy & 1023;
  let upper = pixel(image, x0, y0) * (1024 - wx) + pixel(image, x0 + 1, y0) * wx;
  let lower = pixel(image, x0, y0 + 1) * (1024 - wx) + pixel(image, x0 + 1, y0 + 1) * wx;
  y[i] = f32((upper * (1024 - wy) + lower * wy + 524288) >> 20u);
}
