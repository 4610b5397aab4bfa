// The gradient of forward.wgsl. With t the target of a sample of class c,
//   t_j = (1 - s) w_c delta_jc + s / C * w_j      so that loss = -sum over j of t_j l_j
//   dx_j = g (exp(l_j) * sum of t - t_j)          through log_softmax
//   dx_j = -g t_j                                 without LOG_SOFTMAX
// where g is the gradient of the sample's loss: dy[i], or with REDUCED dy[0] / divisor[0], which is
// the same for all. Ignored samples have gradient 0.
//
// Layout: log_prob and dx [N, C, D], labels [N, D], weight [C], dy [N, D] or [1], divisor [1].
// Threads: one per sample, as in forward.wgsl.

override WORKGROUP_SIZE: u32 = 64;
override LOG_SOFTMAX: u32 = 1;
override HAS_WEIGHT: u32 = 1;
override REDUCED: u32 = 1; // 0: dy has a number per sample, divisor is not read

struct Params {
  samples: u32, // N * D
  classes: u32, // C
  inner: u32, // D
  ignored: u32,
  smoothing: f32, // s
}

@group(0) @binding(0) var<storage, read> log_prob: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> divisor: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible, and the exponential of one may be a number.
fn exponential(value: f32) -> f32 {
  let nan = (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
  return select(exp(value), value, nan);
}

fn weight_of(class_index: u32) -> f32 {
  if (HAS_WEIGHT == 0u) {
    return 1.0;
  }
  return weight[class_index];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.samples) {
    return;
  }
  let first = i / params.inner * params.classes * params.inner + i % params.inner;
  let label = labels[i];
  if (label == params.ignored || label >= params.classes) {
    for (var j = 0u; j < params.classes; j++) {
      dx[first + j * params.inner] = 0.0;
    }
    return;
  }
  var g = dy[0];
  if (REDUCED == 1u) {
    g = g / divisor[0];
  } else {
    g = dy[i];
  }
  let certain = (1.0 - params.smoothing) * weight_of(label);
  let even = params.smoothing / f32(params.classes);
  var total = certain; // sum of t
  if (params.smoothing > 0.0) {
    for (var j = 0u; j < params.classes; j++) {
      total += even * weight_of(j);
    }
  }
  for (var j = 0u; j < params.classes; j++) {
    let at = first + j * params.inner;
    var t = select(0.0, certain, j == label);
    if (params.smoothing > 0.0) {
      t += even * weight_of(j);
    }
    var p = 0.0;
    if (LOG_SOFTMAX == 1u) {
      p = exponential(log_prob[at]);
    }
    dx[at] = g * (p * total - t);
  }
}
