// The gradient of forward.wgsl, back through the whole sequence in one dispatch. For every step t, from
// the one taken last to the first, with dh the gradient of the state after the step:
//
//   dh = dh + dhs[t]
//   dn = dh (1 - z) (1 - n^2)       of the argument of tanh
//   dz = dh (h_before - n) z (1 - z)
//   dr = dn q r (1 - r)             q = W_n h + b_n;  dq = dn r
//   dh = dh z + weight_hh^T [dr dz dq]                of the state before the step
// With RESET_FIRST, where the candidate sees W_n (r h):
//   d(r h) = W_n^T dn,  dr = d(r h) h_before r (1 - r),  dq = dn
//   dh = dh z + d(r h) r + W_r^T dr + W_z^T dz
//
// A step that was not taken (r = -1) hands dh on unchanged and has the gradients 0.
//
// Layout: weight_hh [3H,H], gates [T,N,5H] (r z n q h_before), dhs [T,N,H], dh_n and dh0 [N,H].
//   dxw [T,N,3H] dr dz dn, the gradient of xw; dhw [T,N,3H] dr dz dq, that of weight_hh h + bias_hh.
//
// Threads: as in forward.wgsl. Thread j has the units j, j + WORKGROUP_SIZE, …; dh of a unit stays with
// it, in dh0 between the steps; the gates' gradients cross threads through workgroup memory.

override WORKGROUP_SIZE: u32 = 64;
override RESET_FIRST: u32 = 0;
override STATE: u32 = 1024; // H at least

struct Params {
  steps: u32, // T
  samples: u32, // N
  hidden: u32, // H
  zero_state: u32, // 1: the initial state is the constant 0; dh0 is written as 0
  reverse: u32, // 1: forward went from the last step to the first
  has_dhs: u32, // 0: a gradient that is 0; the buffer is not read
  has_dh_n: u32,
}

@group(0) @binding(0) var<storage, read> weight_hh: array<f32>;
@group(0) @binding(1) var<storage, read> gates: array<f32>;
@group(0) @binding(2) var<storage, read> dhs: array<f32>;
@group(0) @binding(3) var<storage, read> dh_n: array<f32>;
@group(0) @binding(4) var<storage, read_write> dxw: array<f32>;
@group(0) @binding(5) var<storage, read_write> dhw: array<f32>;
@group(0) @binding(6) var<storage, read_write> dh0: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> shared_dr: array<f32, STATE>;
var<workgroup> shared_dz: array<f32, STATE>;
var<workgroup> shared_dq: array<f32, STATE>;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let hidden = params.hidden;
  let sample = group.x;
  for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
    var dh = 0.0;
    if (params.has_dh_n == 1u) {
      dh = dh_n[sample * hidden + j];
    }
    dh0[sample * hidden + j] = dh;
  }

  for (var step = 0u; step < params.steps; step++) {
    var t = params.steps - 1u - step;
    if (params.reverse == 1u) {
      t = step;
    }
    let row = t * params.samples + sample;
    for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
      let r = gates[row * 5u * hidden + j];
      var dr = 0.0;
      var dz = 0.0;
      var dn = 0.0;
      if (r >= 0.0 || is_nan(r)) {
        let z = gates[(row * 5u + 1u) * hidden + j];
        let n = gates[(row * 5u + 2u) * hidden + j];
        let q = gates[(row * 5u + 3u) * hidden + j];
        let h_before = gates[(row * 5u + 4u) * hidden + j];
        var dh = dh0[sample * hidden + j];
        if (params.has_dhs == 1u) {
          dh += dhs[row * hidden + j];
        }
        dn = dh * (1.0 - z) * (1.0 - n * n);
        dz = dh * (h_before - n) * z * (1.0 - z);
        if (RESET_FIRST == 0u) {
          dr = dn * q * r * (1.0 - r);
        }
        dh0[sample * hidden + j] = dh * z;
      }
      dxw[row * 3u * hidden + j] = dr;
      dxw[(row * 3u + 1u) * hidden + j] = dz;
      dxw[(row * 3u + 2u) * hidden + j] = dn;
      let dq = select(dn * r, dn, RESET_FIRST == 1u);
      dhw[row * 3u * hidden + j] = dr;
      dhw[(row * 3u + 1u) * hidden + j] = dz;
      dhw[(row * 3u + 2u) * hidden + j] = dq;
      shared_dr[j] = dr;
      shared_dz[j] = dz;
      shared_dq[j] = dq;
    }
    workgroupBarrier();
    if (RESET_FIRST == 1u) {
      for (var k = local; k < hidden; k += WORKGROUP_SIZE) {
        let r = gates[row * 5u * hidden + k];
        if (r >= 0.0 || is_nan(r)) {
          var sum = 0.0; // d(r h)
          for (var j = 0u; j < hidden; j++) {
            sum += weight_hh[(2u * hidden + j) * hidden + k] * shared_dq[j];
          }
          let h_before = gates[(row * 5u + 4u) * hidden + k];
          let dr = sum * h_before * r * (1.0 - r);
          dxw[row * 3u * hidden + k] = dr;
          dhw[row * 3u * hidden + k] = dr;
          shared_dr[k] = dr;
          dh0[sample * hidden + k] += sum * r;
        }
      }
    }
    workgroupBarrier(); // with RESET_FIRST dr is there only now
    for (var k = local; k < hidden; k += WORKGROUP_SIZE) {
      var sum = 0.0;
      for (var j = 0u; j < hidden; j++) {
        sum += weight_hh[j * hidden + k] * shared_dr[j];
        sum += weight_hh[(hidden + j) * hidden + k] * shared_dz[j];
        if (RESET_FIRST == 0u) {
          sum += weight_hh[(2u * hidden + j) * hidden + k] * shared_dq[j];
        }
      }
      dh0[sample * hidden + k] += sum;
    }
    workgroupBarrier(); // the next step overwrites what is shared
  }

  if (params.zero_state == 1u) {
    for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
      dh0[sample * hidden + j] = 0.0;
    }
  }
}
