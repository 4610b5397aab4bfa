// First half of the gradient's norm: for every CHUNK elements the largest |g| and the sum of
// (g / largest)^2. The norm of a gradient of 1e30 is an ordinary float, its square is not: hence the
// largest is divided out before squaring (as BLAS's nrm2 does). That takes a second look at the chunk; where
// all squares are ordinary numbers, as in nearly every step, the first one has them already.
// clip_grad_norm.wgsl adds the chunks up.
//
// A chunk that holds infinity or NaN (found in the bits) gives the sum -1.
//
// Layout: gradient [length], partials [chunks, 2]: largest, sum.
// Threads: one workgroup per chunk, each thread takes every WORKGROUP_SIZE-th element of it; the first
// thread adds up what they found, in order: the same bits every run.

override WORKGROUP_SIZE: u32 = 64;

const CHUNK: u32 = 4096;
// Squares of numbers from here to its inverse neither overflow in a sum, nor vanish where they count.
const ORDINARY: f32 = 1e-10;

struct Params {
  length: u32, // elements
}

@group(0) @binding(0) var<storage, read> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> partials: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> largests: array<f32, WORKGROUP_SIZE>;
var<workgroup> bads: array<f32, WORKGROUP_SIZE>;
var<workgroup> sums: array<f32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let chunk = group.x + group.y * groups.x;
  let begin = min(chunk * CHUNK, params.length);
  let end = min(begin + CHUNK, params.length);
  var largest = 0.0;
  var bad = 0.0;
  var sum = 0.0;
  for (var i = begin + local.x; i < end; i += WORKGROUP_SIZE) {
    let g = gradient[i];
    if ((bitcast<u32>(g) & 0x7f800000u) == 0x7f800000u) {
      bad = 1.0;
    } else {
      largest = max(largest, abs(g));
      sum += g * g;
    }
  }
  largests[local.x] = largest;
  bads[local.x] = bad;
  workgroupBarrier();
  for (var i = 0u; i < WORKGROUP_SIZE; i++) {
    largest = max(largest, largests[i]);
    bad = max(bad, bads[i]);
  }

  if (largest >= ORDINARY && largest <= 1.0 / ORDINARY) {
    sum /= largest * largest;
  } else {
    sum = 0.0;
    // Below the smallest normal number a device may take everything for 0, and 0 / 0 is NaN.
    if (largest >= 1.2e-38 && bad == 0.0) {
      for (var i = begin + local.x; i < end; i += WORKGROUP_SIZE) {
        let ratio = gradient[i] / largest;
        sum += ratio * ratio;
      }
    }
  }
  sums[local.x] = sum;
  workgroupBarrier();
  if (local.x != 0u || begin >= params.length) {
    return;
  }
  sum = 0.0;
  for (var i = 0u; i < WORKGROUP_SIZE; i++) {
    sum += sums[i];
  }
  partials[2u * chunk] = largest;
  partials[2u * chunk + 1u] = select(sum, -1.0, bad != 0.0);
}
