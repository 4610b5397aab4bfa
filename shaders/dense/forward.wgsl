// y[g, n, m] = bias[g, m] + sum over k of x[g, n, k] * weight[g, m, k]: PyTorch's Linear, once per group g
// (the streams). What a layer does with the sum is done before it is stored:
//   RELU           max(0, that)
//   DROPOUT        that / (1 - rate) with probability 1 - rate, else 0, by the mask of shaders/dropout
//   SIDE_BY_SIDE   y is [N, G, M] instead: the groups' features of a sample stand together
//
// Layout: x [G, N, K], weight [G, M, K], bias and second_bias (PyTorch's recurrent layers have two) [G, M],
// y [G, N, M], all dense; step: seed and number of the step.
// Threads: one per tile of 4 rows n and 4 columns m, m fastest; workgroup_id.z is g. A step of k
// loads 8 numbers for 16 multiply-adds. Rows and columns past the end are clamped to the last one for
// reading and left out when writing, so that the inner loop has no tests.

override WORKGROUP_SIZE: u32 = 64;
override RELU: u32 = 0;
override DROPOUT: u32 = 0;
override SIDE_BY_SIDE: u32 = 0;
override BIASES: u32 = 1; // 0 or 1: the buffers of the others are not read

struct Params {
  groups: u32, // G
  rows: u32, // N
  in_features: u32, // K
  out_features: u32, // M
  stream: u32, // of the random numbers, one per layer
  threshold: u32, // rate * 2^24
  scale: f32, // 1 / (1 - rate)
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> second_bias: array<f32>;
@group(0) @binding(4) var<storage, read> step: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn pcg(v: u32) -> u32 {
  let s = v * 747796405u + 2891336453u;
  let w = ((s >> ((s >> 28u) + 4u)) ^ s) * 277803737u;
  return (w >> 22u) ^ w;
}

fn kept(element: u32) -> bool {
  let number = pcg(element + pcg(params.stream + pcg(step[1] + pcg(step[0]))));
  return (number >> 8u) >= params.threshold;
}

fn store(g: u32, n: u32, m: u32, sums: vec4<f32>) {
  if (n >= params.rows) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    if (m + j < params.out_features) {
      var sum = sums[j];
      if (BIASES >= 1u) {
        sum += bias[g * params.out_features + m + j];
      }
      if (BIASES == 2u) {
        sum += second_bias[g * params.out_features + m + j];
      }
      if (RELU == 1u) {
        sum = select(max(0.0, sum), sum, is_nan(sum));
      }
      let element = (g * params.rows + n) * params.out_features + m + j;
      if (DROPOUT == 1u) {
        sum = select(0.0, sum * params.scale, kept(element));
      }
      if (SIDE_BY_SIDE == 1u) {
        y[(n * params.groups + g) * params.out_features + m + j] = sum;
      } else {
        y[element] = sum;
      }
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = (params.out_features + 3u) / 4u;
  let n = id.x / columns * 4u;
  let m = id.x % columns * 4u;
  let g = id.z;
  if (n >= params.rows) {
    return;
  }
  let length = params.in_features;
  let last_row = params.rows - 1u;
  let x0 = (g * params.rows + n) * length;
  let x1 = (g * params.rows + min(n + 1u, last_row)) * length;
  let x2 = (g * params.rows + min(n + 2u, last_row)) * length;
  let x3 = (g * params.rows + min(n + 3u, last_row)) * length;
  let last_column = params.out_features - 1u;
  let w0 = (g * params.out_features + m) * length;
  let w1 = (g * params.out_features + min(m + 1u, last_column)) * length;
  let w2 = (g * params.out_features + min(m + 2u, last_column)) * length;
  let w3 = (g * params.out_features + min(m + 3u, last_column)) * length;
  var row0 = vec4<f32>(0.0);
  var row1 = vec4<f32>(0.0);
  var row2 = vec4<f32>(0.0);
  var row3 = vec4<f32>(0.0);
  for (var k = 0u; k < length; k++) {
    let w = vec4<f32>(weight[w0 + k], weight[w1 + k], weight[w2 + k], weight[w3 + k]);
    row0 += x[x0 + k] * w;
    row1 += x[x1 + k] * w;
    row2 += x[x2 + k] * w;
    row3 += x[x3 + k] * w;
  }
  store(g, n, m, row0);
  store(g, n + 1u, m, row1);
  store(g, n + 2u, m, row2);
  store(g, n + 3u, m, row3);
}
