// y = f(x), element by element; `operation` says which f, in the order of the cases below, `alpha` and `beta` are its numbers:
//   leaky_relu: x, alpha x below 0      elu: x, alpha (exp(x) - 1) below 0      clip: between alpha and beta
//   hard_sigmoid: alpha x + beta, between 0 and 1      affine: alpha x + beta      celu: x, alpha (exp(x / alpha) - 1) below 0
//   gelu: x times the normal distribution's integral up to x      silu: x sigmoid(x)      hard_swish: x times x / 6 + 1/2, between 0 and 1
//
// Layout: any, the same for both.
// Threads: one per element. All of them take the same case, so the switch costs little.

override WORKGROUP_SIZE: u32 = 64;

const FLOAT_MAX: f32 = 3.4028234663852886e38; // as a bound: none

struct Params {
  length: u32,
  operation: u32,
  alpha: f32,
  beta: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// Without overflow on either side.
fn sigmoid(v: f32) -> f32 {
  let e = exp(-abs(v));
  return select(e, 1.0, v >= 0.0) / (1.0 + e);
}

// WGSL's tanh may be wrong by 1e-5. Near 0, where the quotient would lose digits, the series.
fn tanh_by_exp(v: f32) -> f32 {
  let s = v * v;
  if (s < 0.04) {
    return v * (1.0 - s * (0.33333333 - s * (0.13333333 - s * (0.053968254 - s * 0.021869489))));
  }
  let e = exp(-2.0 * abs(v));
  return sign(v) * (1.0 - e) / (1.0 + e);
}

// exp(v) - 1, by the series near 0 where the difference would lose digits.
fn expm1(v: f32) -> f32 {
  if (abs(v) < 0.1) {
    return v * (1.0 + v * (0.5 + v * (0.16666667 + v * (0.041666667 + v * 0.0083333333))));
  }
  return exp(v) - 1.0;
}

// WGSL's sine may be wrong by 5e-4. Whole quarter turns are taken off, in three parts so that no digit is lost up to some
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

// WGSL leaves the logarithm open from 0 down. Neither number is constant, as WGSL refuses constant infinities and NaN.
fn logarithm(v: f32) -> f32 {
  let zero = params.length & 0u;
  if (v == 0.0) {
    return bitcast<f32>(0xff800000u | zero);
  }
  if (v < 0.0) {
    return bitcast<f32>(0x7fc00000u | zero);
  }
  return log(v);
}

fn f(v: f32) -> f32 {
  switch params.operation {
    case 0u: { // neg
      return -v;
    }
    case 1u: { // abs
      return abs(v);
    }
    case 2u: { // exp
      return exp(v);
    }
    case 3u: { // log
      return logarithm(v);
    }
    case 4u: { // sqrt
      return sqrt(v);
    }
    case 5u: { // reciprocal
      return 1.0 / v;
    }
    case 6u: { // square
      return v * v;
    }
    case 7u: { // sigmoid
      return sigmoid(v);
    }
    case 8u: { // tanh
      return tanh_by_exp(v);
    }
    case 9u: { // relu
      return max(0.0, v);
    }
    case 10u: { // leaky_relu
      return select(params.alpha * v, v, v >= 0.0);
    }
    case 11u: { // elu
      return select(params.alpha * expm1(min(v, 0.0)), v, v >= 0.0);
    }
    case 12u: { // clip
      var y = v;
      if (y < params.alpha && params.alpha > -FLOAT_MAX) {
        y = params.alpha;
      }
      if (y > params.beta && params.beta < FLOAT_MAX) {
        y = params.beta;
      }
      return y;
    }
    case 13u: { // hard_sigmoid
      return min(max(params.alpha * v + params.beta, 0.0), 1.0);
    }
    case 14u: { // softplus: log(1 + exp(x)), without overflow
      return max(v, 0.0) + log(1.0 + exp(-abs(v)));
    }
    case 15u: { // softsign
      return v / (1.0 + abs(v));
    }
    case 16u: { // affine
      return params.alpha * v + params.beta;
    }
    case 17u: { // ceil
      return ceil(v);
    }
    case 18u: { // floor
      return floor(v);
    }
    case 19u: { // sign
      return sign(v);
    }
    case 20u: { // sin
      return sin_cos(v).x;
    }
    case 21u: { // cos
      return sin_cos(v).y;
    }
    case 22u: { // tan
      let both = sin_cos(v);
      return both.x / both.y;
    }
    case 23u: { // erf
      return erf(v);
    }
    case 24u: { // gelu
      return 0.5 * v * (1.0 + erf(v * 0.70710678));
    }
    case 25u: { // silu
      return v * sigmoid(v);
    }
    case 26u: { // hard_swish
      return v * min(max(v / 6.0 + 0.5, 0.0), 1.0);
    }
    default: { // celu
      return select(params.alpha * expm1(min(v, 0.0) / params.alpha), v, v >= 0.0);
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
  let v = x[at];
  if (is_nan(v)) {
    y[at] = v;
    return;
  }
  y[at] = f(v);
}
