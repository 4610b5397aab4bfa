// y[p, oy, ox] = the largest x[p, oy * stride_y + i * dilation_y - top, ox * stride_x + j * dilation_x - left] over i, j that lie inside
// the image, and indices = its place, iy * width + ix: the first of equal ones. A NaN wins over every number, the last NaN over
// the others: PyTorch's rule. A window that lies wholly outside gives -infinity and the index 0xffffffff.
//
// Layout: x [planes, H, W], y and indices [planes, OH, OW], dense.
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
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> indices: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
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
  let y0 = i32(at / params.y_width % params.y_height * params.stride_y) - params.top;
  let x0 = i32(at % params.y_width * params.stride_x) - params.left;
  let plane = at / (params.y_width * params.y_height) * params.height * params.width;
  var nothing = 0xff800000u; // -infinity; not constant, as WGSL refuses constant ones
  var best = bitcast<f32>(nothing);
  var place = 0xffffffffu;
  for (var i = 0u; i < params.kernel_y; i++) {
    let iy = y0 + i32(i * params.dilation_y);
    if (iy < 0 || iy >= i32(params.height)) {
      continue;
    }
    for (var j = 0u; j < params.kernel_x; j++) {
      let ix = x0 + i32(j * params.dilation_x);
      if (ix < 0 || ix >= i32(params.width)) {
        continue;
      }
      let here = u32(iy) * params.width + u32(ix);
      let value = x[plane + here];
      if (place == 0xffffffffu || is_nan(value) || (!is_nan(best) && value > best)) {
        best = value;
        place = here;
      }
    }
  }
  y[at] = best;
  indices[at] = place;
}
