// y[p, oy, ox] = the sum of x over a window, divided by the number of its elements, or by a given number. Elements inside the
// image count, and with `include_pad` those in the zeros around it, up to `bottom` rows below and `right` columns to the right.
//
// Layout: x [planes, H, W], y [planes, OH, OW], dense.
// Threads: one per element of y.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // planes * OH * OW
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

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.length) {
    return;
  }
  let height = i32(params.height);
  let width = i32(params.width);
  let y0 = i32(at / params.y_width % params.y_height * params.stride_y) - params.top;
  let x0 = i32(at % params.y_width * params.stride_x) - params.left;
  let plane = at / (params.y_width * params.y_height) * params.height * params.width;
  var sum = 0.0;
  var rows = 0u;
  var columns = 0u;
  for (var j = 0u; j < params.kernel_x; j++) {
    let ix = x0 + i32(j * params.dilation_x);
    let inside = ix >= 0 && ix < width;
    columns += select(0u, 1u, inside || (params.include_pad != 0u && ix < width + params.right));
  }
  for (var i = 0u; i < params.kernel_y; i++) {
    let iy = y0 + i32(i * params.dilation_y);
    let inside = iy >= 0 && iy < height;
    rows += select(0u, 1u, inside || (params.include_pad != 0u && iy < height + params.bottom));
    if (!inside) {
      continue;
    }
    for (var j = 0u; j < params.kernel_x; j++) {
      let ix = x0 + i32(j * params.dilation_x);
      if (ix >= 0 && ix < width) {
        sum += x[plane + u32(iy) * params.width + u32(ix)];
      }
    }
  }
  var divisor = params.divisor;
  if (divisor == 0.0) {
    divisor = f32(max(1u, rows * columns));
  }
  y[at] = sum / divisor;
}
