// y = f(a, b), element by element, where a and b are repeated along axes in which they have one element (stride 0):
//   0 add, 1 sub, 2 mul, 3 div, 4 maximum, 5 minimum, 6 pow,
//   7, 8 the share of a in the gradient of maximum and minimum: 1, 0, or one half where both are equal
//   9 prelu: a, or b times it below 0;   10 its slope by a: 1, or b from 0 down;   11 equal: 1 or 0
//   12, 13 the slopes of pow by a and b: b a^(b-1), 0 where b is 0; a^b ln a, 0 where a is 0 and b is not negative
//
// Layout: a, b, y of up to 5 axes, dense; fewer axes leave the first ones 1.
// Threads: one per element of y.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  length: u32,
  operation: u32,
  extent1: u32, // of the second axis; the first one's is not needed
  extent2: u32,
  extent3: u32,
  extent4: u32,
  a_stride0: u32,
  a_stride1: u32,
  a_stride2: u32,
  a_stride3: u32,
  a_stride4: u32,
  b_stride0: u32,
  b_stride1: u32,
  b_stride2: u32,
  b_stride3: u32,
  b_stride4: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// By its bits: a compiler may take NaN for impossible.
fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// Not constant, as WGSL refuses constant NaN.
fn nan() -> f32 {
  return bitcast<f32>(0x7fc00000u | (params.length & 0u));
}

// WGSL leaves the power of a negative number open; by a whole number it is one. By 0, 1 and 2 it is exact.
fn power(base: f32, exponent: f32) -> f32 {
  if (exponent == 0.0 || base == 1.0) {
    return 1.0;
  }
  if (is_nan(base) || is_nan(exponent)) {
    return base + exponent;
  }
  if (exponent == 1.0) {
    return base;
  }
  if (exponent == 2.0) {
    return base * base;
  }
  let size = pow(abs(base), exponent);
  let half = exponent * 0.5;
  if (base >= 0.0 || floor(half) == half) {
    return size;
  }
  if (floor(exponent) == exponent) {
    return -size;
  }
  if (bitcast<u32>(base) == 0xff800000u) { // -infinity
    return size;
  }
  return nan(); // no real number
}

fn f(a: f32, b: f32) -> f32 {
  switch params.operation {
    case 0u: {
      return a + b;
    }
    case 1u: {
      return a - b;
    }
    case 2u: {
      return a * b;
    }
    case 3u: {
      return a / b;
    }
    case 4u: {
      if (is_nan(a) || is_nan(b)) {
        return a + b;
      }
      return max(a, b);
    }
    case 5u: {
      if (is_nan(a) || is_nan(b)) {
        return a + b;
      }
      return min(a, b);
    }
    case 6u: {
      return power(a, b);
    }
    case 7u: {
      return select(select(1.0, 0.0, a < b), 0.5, a == b);
    }
    case 8u: {
      return select(select(1.0, 0.0, a > b), 0.5, a == b);
    }
    case 9u: {
      return select(a * b, a, a >= 0.0);
    }
    case 10u: {
      return select(b, 1.0, a > 0.0);
    }
    case 11u: {
      return select(0.0, 1.0, a == b);
    }
    case 12u: {
      if (b == 0.0) {
        return 0.0;
      }
      return b * power(a, b - 1.0);
    }
    default: {
      if (a == 0.0 && b >= 0.0) {
        return 0.0;
      }
      if (a < 0.0) { // no logarithm
        return nan();
      }
      return power(a, b) * log(a);
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
  var rest = at;
  let e = rest % params.extent4;
  rest /= params.extent4;
  let d = rest % params.extent3;
  rest /= params.extent3;
  let c = rest % params.extent2;
  rest /= params.extent2;
  let second = rest % params.extent1;
  let first = rest / params.extent1;
  let at_a = first * params.a_stride0 + second * params.a_stride1 + c * params.a_stride2 + d * params.a_stride3
    + e * params.a_stride4;
  let at_b = first * params.b_stride0 + second * params.b_stride1 + c * params.b_stride2 + d * params.b_stride3
    + e * params.b_stride4;
  y[at] = f(a[at_a], b[at_b]);
}
