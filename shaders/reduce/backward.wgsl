// dx[o, k, i] = dy[o, i] * the derivative of y[o, i] by x[o, k, i]:
//   0 sum: 1    1 mean: 1 / K    2 sum of |x|: the sign of x, 0 at 0    3 sum of x^2: 2 x
//   4 sqrt(sum of x^2): x / y, 0 where y is 0    5 product: that of the others, which y / x would lose at 0
//
// Layout: x, dx [outer, K, inner], y, dy [outer, inner], dense.
// Threads: one per element of dx.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32, // outer * K * inner
  terms: u32, // K
  inner: u32,
  operation: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn others(at: u32) -> f32 {
  let stride = params.terms * params.inner;
  let begin = at / stride * stride + at % params.inner;
  var product = 1.0;
  for (var k = 0u; k < params.terms; k++) {
    let other = begin + k * params.inner;
    if (other != at) {
      product *= x[other];
    }
  }
  return product;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.length) {
    return;
  }
  let sum = at / (params.terms * params.inner) * params.inner + at % params.inner;
  var slope = 1.0;
  switch params.operation {
    case 1u: {
      slope = 1.0 / f32(params.terms);
    }
    case 2u: {
      slope = sign(x[at]);
    }
    case 3u: {
      slope = 2.0 * x[at];
    }
    case 4u: {
      if (y[sum] == 0.0) {
        slope = 0.0;
      } else {
        slope = x[at] / y[sum];
      }
    }
    case 5u: {
      slope = others(at);
    }
    default: {
    }
  }
  dx[at] = dy[sum] * slope;
}
