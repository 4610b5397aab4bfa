// flipped[g,o,i,j,(c S + a) S + b] = weight[g,c, a + S (T - 1 - i), b + S (T - 1 - j), o], or 0 where there is no such tap
//
// Weights as the gradient by the input wants them, S the stride: channels exchanged, the window flipped by
// 180 degrees. At stride 2 dx has rows and columns of two kinds, even and odd (a, b), and each kind
// sees every other tap alone: so four windows of half the size, T = ceil(K / S), each for one kind.
// The forward kernels, given dy and these, compute dx.
//
// Layout: weight [G,C,K,K,O], flipped [G,O,T,T,C S S], dense.
// Threads: one for a c, a and b of a tap, innermost; y is the tap and o, z is g.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  channels: u32, // C
  out_channels: u32, // O
  taps: u32, // K
  turned_taps: u32, // T
  stride: u32, // S
}

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read_write> flipped: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let stride = params.stride;
  let inner = params.channels * stride * stride;
  if (id.x >= inner) {
    return;
  }
  let c = id.x / (stride * stride);
  let a = id.x / stride % stride;
  let b = id.x % stride;
  let taps = params.turned_taps;
  let o = id.y / (taps * taps);
  let i = id.y / taps % taps;
  let j = id.y % taps;
  let ky = a + stride * (taps - 1u - i);
  let kx = b + stride * (taps - 1u - j);
  var value = 0.0;
  if (ky < params.taps && kx < params.taps) {
    let tap = ((id.z * params.channels + c) * params.taps + ky) * params.taps + kx;
    value = weight[tap * params.out_channels + o];
  }
  flipped[(id.z * params.out_channels * taps * taps + id.y) * inner + id.x] = value;
}
