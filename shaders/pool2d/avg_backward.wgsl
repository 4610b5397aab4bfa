// dx[p, iy, ix] = the sum of dy / divisor over the windows that it lies in; the divisor is the forward pass's.
//
// Layout: dx [planes, H, W], dy [planes, OH, OW], dense.
// Threads: one per element of dx. It gathers, so nothing is added twice.

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
  bottom: i32,
  right: i32,
  include_pad: u32,
  divisor: f32, // 0: the number of elements
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// The row or column of the window that has this place at its tap, or -1.
fn window(place: i32, stride: u32, count: u32) -> i32 {
  if (place < 0 || place % i32(stride) != 0 || place / i32(stride) >= i32(count)) {
    return -1;
  }
  return place / i32(stride);
}

// Elements of a window along one axis that count: from `begin` on, of an axis of `extent` with `after` zeros behind it.
fn counted(begin: i32, taps: u32, dilation: u32, extent: i32, after: i32) -> u32 {
  var count = 0u;
  for (var i = 0u; i < taps; i++) {
    let place = begin + i32(i * dilation);
    let inside = place >= 0 && place < extent;
    count += select(0u, 1u, inside || (params.include_pad != 0u && place < extent + after));
  }
  return count;
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
    let y0 = oy * i32(params.stride_y) - params.top;
    let rows = counted(y0, params.kernel_y, params.dilation_y, i32(params.height), params.bottom);
    for (var j = 0u; j < params.kernel_x; j++) {
      let ox = window(ix + params.left - i32(j * params.dilation_x), params.stride_x, params.y_width);
      if (ox < 0) {
        continue;
      }
      var divisor = params.divisor;
      if (divisor == 0.0) {
        let x0 = ox * i32(params.stride_x) - params.left;
        let columns = counted(x0, params.kernel_x, params.dilation_x, i32(params.width), params.right);
        divisor = f32(max(1u, rows * columns));
      }
      sum += dy[plane + u32(oy) * params.y_width + u32(ox)] / divisor;
    }
  }
  dx[at] = sum;
}
