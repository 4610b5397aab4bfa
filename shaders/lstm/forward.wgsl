// The recurrent part of an LSTM over a whole sequence, in one dispatch. For every step t and sample:
//
//   a = xw[t] + weight_hh h            a, split in four: the gates i f g o, in PyTorch's order
//   i, f, o = sigmoid(a), g = tanh(a)
//   c = f * c + i * g
//   h = o * tanh(c)
//
// xw = x weight_ih^T + bias_ih + bias_hh comes from one matrix product over all steps.
//
// Layout: xw [T,N,4H], weight_hh [4H,H], hs and h_prev [T,N,H], h and c [N,H].
//   h and c     in place: the initial state on entry, the final one on exit.
//   hs          the outputs h[t]; 0 where the sample has ended (t >= lengths[n]).
//   gates       [T,N,5H], for backward: i f g o after their nonlinearities and c before the step;
//               o = -1 marks a step not taken.
//   h_prev      for backward: h before the step.
//
// Threads: a workgroup takes SAMPLES samples through all steps, so that nothing is launched between
// them and a weight is loaded once for all of its samples. Thread j computes the hidden units j,
// j + WORKGROUP_SIZE, …: all four gates of a unit, so that c and the gates never leave the thread.
// Only h crosses threads. It lives in workgroup memory twice, before and after the step: one barrier
// a step is enough.

override WORKGROUP_SIZE: u32 = 64;
override STATE: u32 = 1024; // SAMPLES * H at least; 1 for a single step from zeros, in which no state crosses threads

const SAMPLES: u32 = 4; // tunable: 1 2 4

struct Params {
  steps: u32, // T
  samples: u32, // N
  hidden: u32, // H
  has_lengths: u32, // 0: every sample has T steps; lengths is not read
  zero_state: u32, // 1: the initial state is zero; h and c are not read, the first product is skipped
  reverse: u32, // 1: from the last step to the first; a sample's steps past its length stay untaken
}

@group(0) @binding(0) var<storage, read> xw: array<f32>;
@group(0) @binding(1) var<storage, read> weight_hh: array<f32>;
@group(0) @binding(2) var<storage, read> lengths: array<u32>;
@group(0) @binding(3) var<storage, read_write> gates: array<f32>;
@group(0) @binding(4) var<storage, read_write> h: array<f32>;
@group(0) @binding(5) var<storage, read_write> c: array<f32>;
@group(0) @binding(6) var<storage, read_write> hs: array<f32>;
@group(0) @binding(7) var<storage, read_write> h_prev: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> state: array<f32, 2 * STATE>; // h of the workgroup's samples: [before or after][SAMPLES][H]

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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let hidden = params.hidden;
  let first = group.x * SAMPLES;

  for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
    for (var s = 0u; s < SAMPLES; s++) {
      var value = 0.0;
      if (params.zero_state == 0u && first + s < params.samples) {
        value = h[(first + s) * hidden + j];
      }
      if (STATE > 1u) {
        state[s * hidden + j] = value;
      }
    }
  }
  workgroupBarrier();

  for (var step = 0u; step < params.steps; step++) {
    var t = step;
    if (params.reverse == 1u) {
      t = params.steps - 1u - step;
    }
    let before = (step % 2u) * STATE;
    let after = STATE - before;
    let from_zero = params.zero_state == 1u && step == 0u;
    for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
      var product: array<vec4<f32>, SAMPLES>; // weight_hh h, the four gates of unit j
      for (var s = 0u; s < SAMPLES; s++) {
        product[s] = vec4<f32>(0.0);
      }
      if (!from_zero) {
        for (var k = 0u; k < hidden; k++) {
          let weight = vec4<f32>(
            weight_hh[j * hidden + k],
            weight_hh[(hidden + j) * hidden + k],
            weight_hh[(2u * hidden + j) * hidden + k],
            weight_hh[(3u * hidden + j) * hidden + k],
          );
          for (var s = 0u; s < SAMPLES; s++) {
            product[s] += weight * state[before + s * hidden + k];
          }
        }
      }
      for (var s = 0u; s < SAMPLES; s++) {
        let n = first + s;
        if (n < params.samples) {
          let row = t * params.samples + n;
          let unit = n * hidden + j;
          var h_before = 0.0;
          var c_before = 0.0;
          if (!from_zero) {
            h_before = state[before + s * hidden + j];
            c_before = c[unit];
          }
          var taken = true;
          if (params.has_lengths == 1u) {
            taken = t < lengths[n];
          }
          var i = 0.0;
          var f = 1.0;
          var g = 0.0;
          var o = -1.0;
          var c_after = c_before;
          var h_after = h_before;
          var y = 0.0;
          if (taken) {
            i = sigmoid(xw[row * 4u * hidden + j] + product[s].x);
            f = sigmoid(xw[(row * 4u + 1u) * hidden + j] + product[s].y);
            g = tanh_by_exp(xw[(row * 4u + 2u) * hidden + j] + product[s].z);
            o = sigmoid(xw[(row * 4u + 3u) * hidden + j] + product[s].w);
            c_after = f * c_before + i * g;
            h_after = o * tanh_by_exp(c_after);
            y = h_after;
          }
          gates[row * 5u * hidden + j] = i;
          gates[(row * 5u + 1u) * hidden + j] = f;
          gates[(row * 5u + 2u) * hidden + j] = g;
          gates[(row * 5u + 3u) * hidden + j] = o;
          gates[(row * 5u + 4u) * hidden + j] = c_before;
          h_prev[row * hidden + j] = h_before;
          hs[row * hidden + j] = y;
          c[unit] = c_after;
          h[unit] = h_after;
          if (STATE > 1u) {
            state[after + s * hidden + j] = h_after;
          }
        }
      }
    }
    workgroupBarrier();
  }
}
