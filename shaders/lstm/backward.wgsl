// The gradient of forward.wgsl, back through the whole sequence in one dispatch. For every step t,
// from the last to the first, with dh and dc the gradient of the state after the step:
//
//   dh = dh + dhs[t]
//   dc = dc + dh * o * (1 - tanh(c)^2)
//   dgates: di = dc * g * i (1 - i)          df = dc * c_prev * f (1 - f)
//           dg = dc * i * (1 - g^2)          do = dh * tanh(c) * o (1 - o)
//   dc = dc * f,  dh = weight_hh^T dgates    of the state before the step
//
// A step that was not taken (o = -1) hands dh and dc on unchanged and has dgates = 0.
// dgates is also the gradient of xw, and what both weight gradients are matrix products of.
//
// Layout: weight_hh [4H,H], gates [T,N,5H] (i f g o c_prev), dhs [T,N,H], dgates [T,N,4H],
// dh_n, dc_n (of the final state), dh0 and dc0 (of the initial one) [N,H].
//
// Threads: as in forward.wgsl, a workgroup takes SAMPLES samples through all steps. Thread j computes
// the gates' gradients of the units j, j + WORKGROUP_SIZE, … and shares them in workgroup memory;
// then, after a barrier, the sums over all gates for the same units. So dh and dc of a unit stay with
// one thread, and dh0 and dc0 hold them between the steps.

override WORKGROUP_SIZE: u32 = 64;
override STATE: u32 = 1024; // SAMPLES * H at least; 1 for a single step from zeros, in which no gradient crosses threads

const SAMPLES: u32 = 4; // tunable: 1 2 4

struct Params {
  steps: u32, // T
  samples: u32, // N
  hidden: u32, // H
  zero_state: u32, // 1: the initial state is the constant 0; dh0 and dc0 are written as 0
  reverse: u32, // 1: forward went from the last step to the first
  has_dhs: u32, // 0: a gradient that is 0; the buffer is not read
  has_dh_n: u32,
  has_dc_n: u32,
}

@group(0) @binding(0) var<storage, read> weight_hh: array<f32>;
@group(0) @binding(1) var<storage, read> gates: array<f32>;
@group(0) @binding(2) var<storage, read> dhs: array<f32>;
@group(0) @binding(3) var<storage, read> dh_n: array<f32>;
@group(0) @binding(4) var<storage, read> dc_n: array<f32>;
@group(0) @binding(5) var<storage, read_write> dgates: array<f32>;
@group(0) @binding(6) var<storage, read_write> dh0: array<f32>;
@group(0) @binding(7) var<storage, read_write> dc0: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> shared_dgates: array<vec4<f32>, STATE>; // [SAMPLES][H]: di df dg do

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// By exp, as forward has it.
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
      if (first + s < params.samples) {
        let unit = (first + s) * hidden + j;
        var dh = 0.0;
        var dc = 0.0;
        if (params.has_dh_n == 1u) {
          dh = dh_n[unit];
        }
        if (params.has_dc_n == 1u) {
          dc = dc_n[unit];
        }
        dh0[unit] = dh;
        dc0[unit] = dc;
      }
    }
  }

  for (var step = 0u; step < params.steps; step++) {
    var t = params.steps - 1u - step;
    if (params.reverse == 1u) {
      t = step;
    }

    for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
      for (var s = 0u; s < SAMPLES; s++) {
        let n = first + s;
        var dgate = vec4<f32>(0.0);
        if (n < params.samples) {
          let row = t * params.samples + n;
          let unit = n * hidden + j;
          let o = gates[(row * 5u + 3u) * hidden + j];
          if (o >= 0.0 || is_nan(o)) {
            let i = gates[row * 5u * hidden + j];
            let f = gates[(row * 5u + 1u) * hidden + j];
            let g = gates[(row * 5u + 2u) * hidden + j];
            let c_prev = gates[(row * 5u + 4u) * hidden + j];
            let tanh_c = tanh_by_exp(f * c_prev + i * g);
            var dh = dh0[unit];
            if (params.has_dhs == 1u) {
              dh += dhs[row * hidden + j];
            }
            let dc = dc0[unit] + dh * o * (1.0 - tanh_c * tanh_c);
            dgate = vec4<f32>(
              dc * g * i * (1.0 - i),
              dc * c_prev * f * (1.0 - f),
              dc * i * (1.0 - g * g),
              dh * tanh_c * o * (1.0 - o),
            );
            dc0[unit] = dc * f;
            dh0[unit] = 0.0; // h before the step acts through the gates alone
          }
          dgates[row * 4u * hidden + j] = dgate.x;
          dgates[(row * 4u + 1u) * hidden + j] = dgate.y;
          dgates[(row * 4u + 2u) * hidden + j] = dgate.z;
          dgates[(row * 4u + 3u) * hidden + j] = dgate.w;
        }
        if (STATE > 1u) {
          shared_dgates[s * hidden + j] = dgate;
        }
      }
    }
    workgroupBarrier();

    if (params.zero_state == 0u || step + 1u < params.steps) {
      for (var k = local; k < hidden; k += WORKGROUP_SIZE) {
        var sum: array<f32, SAMPLES>;
        for (var s = 0u; s < SAMPLES; s++) {
          sum[s] = 0.0;
        }
        for (var j = 0u; j < hidden; j++) {
          let weight = vec4<f32>(
            weight_hh[j * hidden + k],
            weight_hh[(hidden + j) * hidden + k],
            weight_hh[(2u * hidden + j) * hidden + k],
            weight_hh[(3u * hidden + j) * hidden + k],
          );
          for (var s = 0u; s < SAMPLES; s++) {
            sum[s] += dot(weight, shared_dgates[s * hidden + j]);
          }
        }
        for (var s = 0u; s < SAMPLES; s++) {
          if (first + s < params.samples) {
            dh0[(first + s) * hidden + k] += sum[s];
          }
        }
      }
    }
    workgroupBarrier(); // the next step overwrites shared_dgates
  }

  if (params.zero_state == 1u) {
    for (var j = local; j < hidden; j += WORKGROUP_SIZE) {
      for (var s = 0u; s < SAMPLES; s++) {
        if (first + s < params.samples) {
          dh0[(first + s) * hidden + j] = 0.0;
          dc0[(first + s) * hidden + j] = 0.0;
        }
      }
    }
  }
}
