// dx = dy * f'(x), element by element, for the functions of elementwise/unary, in the same order. Where f has a corner, the
// derivative is PyTorch's: 0 for abs and relu at 0, alpha for leaky_relu at 0, and 1 for clip at its bounds. That of steps is 0.
//
// Layout: any, the same for all.
// Threads: one per element.

override WORKGROUP_SIZE: u32 = 64;

const FLOAT_MAX: f32 = 3.4028234663852886e38; // as a bound of clip: none
// Functions of straight pieces: neg, abs, relu, leaky_relu, clip, hard_sigmoid, affine, ceil, floor, sign.
const STRAIGHT: u32 = 0x000f3603u;

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

// As in unary.wgsl: whole quarter turns are taken off, in three parts so that no digit is lost up to some
// 10,000 of them; the rest, up to an eighth of a turn on either side, by the series.
fn sin_cos(v: f32) -> vec2<f32> {
  let turns = round(v * 0.63661977);
  let r = ((v - turns * 1.5703125) - turns * 4.8375130e-4) - turns * 7.5497899e-8;
  let s = r * r;
  let sine = r + r * s * (-0.16666655 + s * (8.3321609e-3 - s * 1.9515296e-4));
  let cosine = 1.0 - 0.5 * s + s * s * (0.041666646 + s * (-1.3887316e-3 + s * 2.4433157e-5));
  let quarter = i32(turns) & 3;
  let odd = (quarter & 1) == 1;
  return vec2<f32>(
    select(sine, cosine, odd) * select(1.0, -1.0, quarter >= 2),
    select(cosine, sine, odd) * select(1.0, -1.0, quarter == 1 || quarter == 2),
  );
}

// The error function to some 1e-7: near 0 an odd polynomial, farther out 1 - exp of one (both fitted by N. Juffa).
fn erf(v: f32) -> f32 {
  let t = abs(v);
  let s = v * v;
  if (t <= 0.92773438) {
    let p = 0.11281992 + s * (-0.026768135 + s * (4.9911942e-3 - s * 5.9676170e-4));
    return v + v * (0.12837917 + s * (-0.37612534 + s * p));
  }
  let p = (3.8319713e-4 - 1.7285347e-5 * t) * s + (0.024254622 - 3.8839644e-3 * t);
  let q = t * (0.12871751 + t * (0.63484669 + t * (0.10677788 - t * p)));
  return sign(v) * (1.0 - exp(-min(t + q, 80.0)));
}

// exp(-v), 0 where it would vanish: as a factor of an infinite x it makes NaN, as in PyTorch.
fn decay(v: f32) -> f32 {
  return select(exp(-min(v, 80.0)), 0.0, v >= 80.0);
}

fn sigmoid(v: f32) -> f32 {
  let e = exp(-abs(v));
  return select(e, 1.0, v >= 0.0) / (1.0 + e);
}

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

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
      return select(0.0, 1.0, x > 0.0 || is_nan(x));
    }
    case 10u: { // leaky_relu
      return select(params.alpha, 1.0, x > 0.0);
    }
    case 11u: { // elu
      return select(y + params.alpha, 1.0, x > 0.0);
    }
    case 12u: { // clip
      let above = x >= params.alpha || params.alpha == -FLOAT_MAX;
      return select(0.0, 1.0, above && (x <= params.beta || params.beta == FLOAT_MAX));
    }
    case 13u: { // hard_sigmoid
      return select(0.0, params.alpha, y > 0.0 && y < 1.0);
    }
    case 14u: { // softplus
      return sigmoid(x);
    }
    case 15u: { // softsign
      let d = 1.0 + abs(x);
      return 1.0 / (d * d);
    }
    case 16u: { // affine
      return params.alpha;
    }
    case 17u, 18u, 19u: { // ceil, floor, sign
      return 0.0;
    }
    case 20u: { // sin
      return sin_cos(x).y;
    }
    case 21u: { // cos
      return -sin_cos(x).x;
    }
    case 22u: { // tan
      return 1.0 + y * y;
    }
    case 23u: { // erf: 2 / sqrt(pi) exp(-x^2)
      return 1.1283792 * decay(x * x);
    }
    case 24u: { // gelu: the integral, and x times the normal density
      return 0.5 * (1.0 + erf(x * 0.70710678)) + x * 0.39894228 * decay(0.5 * x * x);
    }
    case 25u: { // silu
      let s = sigmoid(x);
      return s * (1.0 + x * (1.0 - s));
    }
    case 26u: { // hard_swish
      return select(select(x / 3.0 + 0.5, 1.0, x > 3.0), 0.0, x < -3.0);
    }
    default: { // celu
      return select(y / params.alpha + 1.0, 1.0, x > 0.0);
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
  let value = x[at];
  var by = slope(value, y[at]);
  if (is_nan(value) && ((STRAIGHT >> params.operation) & 1u) == 0u) {
    by = value;
  }
  dx[at] = dy[at] * by;
}
