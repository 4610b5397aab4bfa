// dx = dy * f'(x), element by element, for the functions of elementwise/unary, in the same order. Where f has a corner, the
// derivative is PyTorch's: 0 for abs and relu at 0, alpha for leaky_relu at 0, and 1 for clip at its bounds.
//
// Layout: any, the same for all.
// Threads: one per element.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32,
  operation: u32,
  alpha: f32,
  beta: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// f'(x), by x or by y = f(x), whichever is simpler.
fn slope(x: f32, y: f32) -> f32 {
  switch params.operation {
    case 0u: { // neg
      return -1.0;
    }
    case 1u: { // abs
      return sign(x);
    }
    case 2u: { // exp
      return y;
    }
    case 3u: { // log
      return 1.0 / x;
    }
    case 4u: { // sqrt
      return 0.5 / y;
    }
    case 5u: { // reciprocal
      return -y * y;
    }
    case 6u: { // square
      return 2.0 * x;
    }
    case 7u: { // sigmoid
      return y * (1.0 - y);
    }
    case 8u: { // tanh
      return (1.0 - y) * (1.0 + y);
    }
    case 9u: { // relu
      return select(0.0, 1.0, x > 0.0);
    }
    case 10u: { // leaky_relu
      return select(params.alpha, 1.0, x > 0.0);
    }
    case 11u: { // elu
      return select(y + params.alpha, 1.0, x > 0.0);
    }
    case 12u: { // clip
      return select(0.0, 1.0, x >= params.alpha && x <= params.beta);
    }
    case 13u: { // hard_sigmoid
      return select(0.0, params.alpha, y > 0.0 && y < 1.0);
    }
    case 14u: { // softplus
      let e = exp(-abs(x));
      return select(e, 1.0, x >= 0.0) / (1.0 + e);
    }
    case 15u: { // softsign
      let d = 1.0 + abs(x);
      return 1.0 / (d * d);
    }
    default: { // affine
      return params.alpha;
    }
  }
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
  dx[at] = dy[at] * slope(x[at], y[at]);
}
