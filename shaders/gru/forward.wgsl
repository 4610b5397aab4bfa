// The recurrent part of a GRU over a whole sequence, in one dispatch. For every step t and sample, with
// a = weight_hh h + bias_hh, split in three in PyTorch's order r z n, as xw[t] is:
//
//   r = sigmoid(xw_r + a_r)                 how much of the past the candidate sees
//   z = sigmoid(xw_z + a_z)                 how much of the past stays
//   n = tanh(xw_n + r * a_n)                PyTorch's; ONNX's linear_before_reset = 1
//   n = tanh(xw_n + W_n (r * h) + b_n)      with RESET_FIRST; ONNX's default
//   h = (1 - z) * n + z * h
//
// xw = x weight_ih^T + bias_ih comes from one matrix product over all steps.
//
// Layout: xw [T,N,3H], weight_hh [3H,H], bias_hh [3H], h0 and h_n [N,H], hs [T,N,H] (0 past a sample's end).
//   gates [T,N,5H], for backward: r z n, q and h before the step; q is a_n, or with RESET_FIRST r * h.
//   r = -1 marks a step not taken.
//
// Threads: a workgroup takes one sample through all steps; thread j the units j, j + WORKGROUP_SIZE, …
// Only h (and r * h) cross threads, through workgroup memory: h twice, before and after the step.

override WORKGROUP_SIZE: u32 = 64;
override RESET_FIRST: u32 = 0;
override STATE: u32 = 1024; // H at least

struct Params {
  steps: u32, // T
  samples: u32, // N
  hidden: u32, // H
  zero_state: u32, // 1: the initial state is zero; h0 is not read
  has_bias: u32, // 0: bias_hh is 0 and not read
  has_lengths: u32, // 0: every sample has T steps; lengths is not read
  reverse: u32, // 1: from the last step to the first
}

@group(0) @binding(0) var<storage, read> xw: array<f32>;
@group(0) @binding(1) var<storage, read> weight_hh: array<f32>;
@group(0) @binding(2) var<storage, read> bias_hh: array<f32>;
@group(0) @binding(3) var<storage, read> lengths: array<u32>;
@group(0) @binding(4) var<storage, read> h0: array<f32>;
@group(0) @binding(5) var<storage, read_write> gates: array<f32>;
@group(0) @binding(6) var<storage, read_write> hs: array<f32>;
@group(0) @binding(7) var<storage, read_write> h_n: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> state: array<f32, 2 * STATE>; // h: [before or after][H]
var<workgroup> kept: array<f32, STATE>; // r * h, with RESET_FIRST

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// Both by exp, clamped so that it cannot overflow: errors near 1e-7, where WGSL's tanh may have 1e-5. A clamp may
// drop a NaN.
fn sigmoid(x: f32) -> f32 {
  return select(1.0 / (1.0 + exp(clamp(-x, -80.0, 80.0))), x, is_nan(x));
}

fn tanh_by_exp(x: f32) -> f32 {
  return select(1.0 - 2.0 / (1.0 + exp(clamp(2.0 * x, -80.0, 80.0))), x, is_nan(x));
}

fn bias_of(m: u32) -> f32 {
  if (params.has_bias == 0u) {
    return 0.0;
  }
  return bias_hh[m];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let hidden = params.hidden;
  let n = group.x;
  for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
    var value = 0.0;
    if (params.zero_state == 0u) {
      value = h0[n * hidden + j];
    }
    state[j] = value;
  }
  workgroupBarrier();

  for (var step = 0u; step < params.steps; step++) {
    var t = step;
    if (params.reverse == 1u) {
      t = params.steps - 1u - step;
    }
    let row = t * params.samples + n;
    let before = (step % 2u) * STATE;
    let after = STATE - before;
    var taken = true;
    if (params.has_lengths == 1u) {
      taken = t < lengths[n];
    }
    for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
      let h_before = state[before + j];
      var a_r = bias_of(j);
      var a_z = bias_of(hidden + j);
      var q = bias_of(2u * hidden + j);
      for (var k = 0u; k < hidden; k++) {
        let h = state[before + k];
        a_r += weight_hh[j * hidden + k] * h;
        a_z += weight_hh[(hidden + j) * hidden + k] * h;
        if (RESET_FIRST == 0u) {
          q += weight_hh[(2u * hidden + j) * hidden + k] * h;
        }
      }
      let r = sigmoid(xw[row * 3u * hidden + j] + a_r);
      let z = sigmoid(xw[(row * 3u + 1u) * hidden + j] + a_z);
      if (RESET_FIRST == 1u) {
        q = r * h_before;
        kept[j] = q;
      }
      gates[row * 5u * hidden + j] = select(-1.0, r, taken);
      gates[(row * 5u + 1u) * hidden + j] = z;
      gates[(row * 5u + 3u) * hidden + j] = q;
      gates[(row * 5u + 4u) * hidden + j] = h_before;
    }
    workgroupBarrier(); // r * h of all units is there
    for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
      let h_before = state[before + j];
      let z = gates[(row * 5u + 1u) * hidden + j];
      var a_n = xw[(row * 3u + 2u) * hidden + j];
      if (RESET_FIRST == 1u) {
        a_n += bias_of(2u * hidden + j);
        for (var k = 0u; k < hidden; k++) {
          a_n += weight_hh[(2u * hidden + j) * hidden + k] * kept[k];
        }
      } else {
        a_n += gates[row * 5u * hidden + j] * gates[(row * 5u + 3u) * hidden + j];
      }
      let candidate = tanh_by_exp(a_n);
      gates[(row * 5u + 2u) * hidden + j] = select(0.0, candidate, taken);
      let h = select(h_before, (1.0 - z) * candidate + z * h_before, taken);
      state[after + j] = h;
      hs[row * hidden + j] = select(0.0, h, taken);
    }
    workgroupBarrier();
  }

  let last = (params.steps % 2u) * STATE;
  for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
    h_n[n * hidden + j] = state[last + j];
  }
}
