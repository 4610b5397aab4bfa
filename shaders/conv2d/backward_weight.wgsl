// dweight[o, c, i, j] = sum over n, oy, ox of
//   dy[n, o, oy, ox] * x[n, c, oy * stride_y + i * dilation_y - top, ox * stride_x + j * dilation_x - left]
// where c counts within o's group, and x is 0 outside of the image.
//
// Layout: x [N, C, H, W], dy [N, O, OH, OW], dweight [O, C / groups, kh, kw], dense.
// Threads: LANES for each weight. 1 where images are few and small. Else 64, a workgroup: lane l takes every 64th pixel of dy, and
// the first lane adds up the lanes' parts, always in the same order.

override LANES: u32 = 64; // 1 or 64
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  batch: u32, // N
  channels: u32, // C / groups
  height: u32,
  width: u32,
  groups: u32,
  out_channels: u32, // O / groups
  y_height: u32,
  y_width: u32,
  kernel_y: u32,
  kernel_x: u32,
  stride_y: u32,
  stride_x: u32,
  dilation_y: u32,
  dilation_x: u32,
  top: i32, // negative where the image is cropped
  left: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dweight: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> parts: array<f32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) place: vec3<u32>,
  @builtin(num_workgroups) places: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let thread = (place.x + place.y * places.x) * WORKGROUP_SIZE + local.x;
  let at = thread / LANES;
  let j = at % params.kernel_x;
  let i = at / params.kernel_x % params.kernel_y;
  let c = at / (params.kernel_x * params.kernel_y) % params.channels;
  let o = at / (params.kernel_x * params.kernel_y * params.channels);
  let group = o / params.out_channels;
  let plane = params.y_height * params.y_width;
  var sum = 0.0;
  if (group < params.groups) {
    for (var p = thread % LANES; p < params.batch * plane; p += LANES) {
      let n = p / plane;
      let iy = i32(p % plane / params.y_width * params.stride_y + i * params.dilation_y) - params.top;
      let ix = i32(p % params.y_width * params.stride_x + j * params.dilation_x) - params.left;
      if (iy < 0 || iy >= i32(params.height) || ix < 0 || ix >= i32(params.width)) {
        continue;
      }
      let channel = (n * params.groups + group) * params.channels + c;
      let image = n * params.groups * params.out_channels + o;
      sum += dy[image * plane + p % plane] * x[(channel * params.height + u32(iy)) * params.width + u32(ix)];
    }
  }
  if (LANES == 1u) {
    if (group < params.groups) {
      dweight[at] = sum;
    }
    return;
  }
  parts[local.x] = sum;
  workgroupBarrier();
  if (local.x == 0u && group < params.groups) {
    var all = 0.0;
    for (var l = 0u; l < WORKGROUP_SIZE; l++) {
      all += parts[l];
    }
    dweight[at] = all;
  }
}
