// Second half of the gradient's norm, and what the optimizer multiplies the gradient with:
//   norm = sqrt(sum of g^2)       scale = min(1, max_norm / (norm + 1e-6))
// as PyTorch's clip_grad_norm_. If the norm is not finite, it is given as -1, `first_bad_step` becomes the
// number of this step (unless an earlier one is there), and the scale is 0. It stays 0 for as long as
// `first_bad_step` is not 0, whichever kernel set it: the optimizer leaves such steps out, so that the last
// good parameters are kept.
//
// Layout: partials [chunks, 2] from sum_of_squares.wgsl: largest, and the sum of (g / largest)^2, which is
// -1 where an element was not finite. scale, norm, first_bad_step [1].
// Threads: one workgroup; each thread takes every WORKGROUP_SIZE-th chunk, and the first one adds up
// what they found, in order: the same bits every run.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  chunks: u32,
  max_norm: f32,
}

struct Step {
  seed: u32,
  number: u32,
}

@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read> step: Step;
@group(0) @binding(2) var<storage, read_write> scale: array<f32>;
@group(0) @binding(3) var<storage, read_write> norm: array<f32>;
@group(0) @binding(4) var<storage, read_write> first_bad_step: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> largests: array<f32, WORKGROUP_SIZE>;
var<workgroup> sums: array<f32, WORKGROUP_SIZE>;

fn finite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_id) local: vec3<u32>) {
  var largest = 0.0;
  var bad = 0.0;
  for (var i = local.x; i < params.chunks; i += WORKGROUP_SIZE) {
    largest = max(largest, partials[2u * i]);
    let whole = finite(partials[2u * i]) && finite(partials[2u * i + 1u]) && partials[2u * i + 1u] >= 0.0;
    bad = max(bad, select(1.0, 0.0, whole));
  }
  largests[local.x] = largest;
  sums[local.x] = bad;
  workgroupBarrier();
  for (var i = 0u; i < WORKGROUP_SIZE; i++) {
    largest = max(largest, largests[i]);
    bad = max(bad, sums[i]);
  }
  workgroupBarrier();

  var sum = 0.0;
  if (largest >= 1.2e-38) {
    for (var i = local.x; i < params.chunks; i += WORKGROUP_SIZE) {
      let ratio = partials[2u * i] / largest;
      sum += partials[2u * i + 1u] * ratio * ratio;
    }
  }
  sums[local.x] = sum;
  workgroupBarrier();
  if (local.x != 0u) {
    return;
  }
  sum = 0.0;
  for (var i = 0u; i < WORKGROUP_SIZE; i++) {
    sum += sums[i];
  }
  let root = sqrt(sum);
  // The product may be too large for a float although every element is one.
  if (bad != 0.0 || (root > 1.0 && largest > 3.4e38 / root)) {
    norm[0] = -1.0;
    if (first_bad_step[0] == 0u) {
      first_bad_step[0] = max(1u, step.number);
    }
  } else {
    norm[0] = largest * root;
  }
  scale[0] = select(0.0, min(1.0, params.max_norm / (norm[0] + 1e-6)), first_bad_step[0] == 0u);
}
