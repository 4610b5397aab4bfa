// y = (x - mean) / sqrt(var + 1), with mean and (biased) variance of each image, in grey levels. The 1 makes
// a blank image all zeros, and is nothing beside the variance of a face (about 50^2).
// It also brings the streams together: y[0] comes from a, y[1] from b.
//
// Layout: a, b [images, height, width] dense; y [streams, images, 1, height, width] with a zero border
// for the convolution that follows. One stream: bind the same buffer twice.
// Threads: one workgroup per image of y. Each thread sums every WORKGROUP_SIZE-th pixel, then the sums are added in a
// tree: the same order in every run. The sum of grey levels below 2^24 is exact, whatever the order.
// The deviations are summed in a second pass, as E[x^2] - E[x]^2 would cancel.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32,
  height: u32,
  width: u32,
  border: u32, // of y
  row_stride: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<f32, WORKGROUP_SIZE>;

fn pixel(stream: u32, at: u32) -> f32 {
  if (stream == 0u) {
    return a[at];
  }
  return b[at];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let stream = group.y;
  let length = params.height * params.width;
  let first = group.x * length;

  var sum = 0.0;
  for (var i = lane; i < length; i += WORKGROUP_SIZE) {
    sum += pixel(stream, first + i);
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var stride = WORKGROUP_SIZE / 2u; stride > 0u; stride = stride / 2u) {
    if (lane < stride) {
      sums[lane] = sums[lane] + sums[lane + stride];
    }
    workgroupBarrier();
  }
  let mean = sums[0] / f32(length);
  workgroupBarrier(); // sums is written again below

  var squares = 0.0;
  for (var i = lane; i < length; i += WORKGROUP_SIZE) {
    let deviation = pixel(stream, first + i) - mean;
    squares += deviation * deviation;
  }
  sums[lane] = squares;
  workgroupBarrier();
  for (var stride = WORKGROUP_SIZE / 2u; stride > 0u; stride = stride / 2u) {
    if (lane < stride) {
      sums[lane] = sums[lane] + sums[lane + stride];
    }
    workgroupBarrier();
  }
  let rstd = inverseSqrt(sums[0] / f32(length) + 1.0);

  let plane = (params.height + 2u * params.border) * params.row_stride;
  let out = (stream * params.images + group.x) * plane;
  for (var i = lane; i < plane; i += WORKGROUP_SIZE) {
    let row = i / params.row_stride - params.border; // wraps around above the image, and is then too large
    let column = i % params.row_stride - params.border;
    var value = 0.0;
    if (row < params.height && column < params.width) {
      value = (pixel(stream, first + row * params.width + column) - mean) * rstd;
    }
    y[out + i] = value;
  }
}
