// dx[p, iy, ix] = the sum of dy over the windows whose largest element was here.
//
// Layout: dx [planes, H, W], indices and dy [planes, OH, OW], dense.
// Threads: one per element of dx. It gathers from the windows that it lies in, so nothing is added twice.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // planes * H * W
  height: u32,
  width: u32,
  y_height: u32,
  y_width: u32,
  kernel_y: u32,
  kernel_x: u32,
  stride_y: u32,
  stride_x: u32,
  dilation_y: u32,
  dilation_x: u32,
  top: i32,
  left: i32,
}

@group(0) @binding(0) var<storage, read> indices: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// The row or column of the window that has this place at its tap, or -1.
fn window(place: i32, stride: u32, count: u32) -> i32 {
  if (place < 0 || place % i32(stride) != 0 || place / i32(stride) >= i32(count)) {
    return -1;
  }
  return place / i32(stride);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.length) {
    return;
  }
  let here = at % (params.height * params.width);
  let iy = i32(here / params.width);
  let ix = i32(here % params.width);
  let plane = at / (params.height * params.width) * params.y_height * params.y_width;
  var sum = 0.0;
  for (var i = 0u; i < params.kernel_y; i++) {
    let oy = window(iy + params.top - i32(i * params.dilation_y), params.stride_y, params.y_height);
    if (oy < 0) {
      continue;
    }
    for (var j = 0u; j < params.kernel_x; j++) {
      let ox = window(ix + params.left - i32(j * params.dilation_x), params.stride_x, params.y_width);
      if (ox < 0) {
        continue;
      }
      let o = plane + u32(oy) * params.y_width + u32(ox);
      sum += select(0.0, dy[o], indices[o] == here);
    }
  }
  dx[at] = sum;
}
