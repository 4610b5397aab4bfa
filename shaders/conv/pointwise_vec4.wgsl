// y[g,n,o,p] = bias[g,o] + sum over c of x[g,n,c,p] * weight[g,c,o]
//
// A 1x1 convolution, a product of matrices for each image: what `forward_plain.wgsl` defines, faster. With
// weights [G,O,C] and dy in place of x it gives dx.
//
// Layout: x [G,N,C,row], all pixels of an image in one row of whole vec4s; weight [G,C,O], O a multiple of 4;
// bias [G,O]; y [G,N,O,pixels] dense.
// Threads: one for 8 pixels and 8 output channels: 64 sums in registers. Workgroup y is the block of 8
// output channels, workgroup z the network g; so all lanes need the same two vec4s of weights, which lie at
// one address for all: one load, not one a lane.

override HAS_BIAS: u32 = 0;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  pixels: u32, // of an image
  x_row: u32, // vec4s from channel to channel of x
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// 4 pixels of 8 output channels.
struct Sums {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
  e: vec4<f32>,
  f: vec4<f32>,
  g: vec4<f32>,
  h: vec4<f32>,
}

fn add(sums: ptr<function, Sums>, pixels: vec4<f32>, low: vec4<f32>, high: vec4<f32>) {
  (*sums).a += pixels * low.x;
  (*sums).b += pixels * low.y;
  (*sums).c += pixels * low.z;
  (*sums).d += pixels * low.w;
  (*sums).e += pixels * high.x;
  (*sums).f += pixels * high.y;
  (*sums).g += pixels * high.z;
  (*sums).h += pixels * high.w;
}

// Stores those of 4 pixels that the image has.
fn store_channel(pixel: u32, o: u32, n: u32, sums: vec4<f32>) {
  if (o >= params.out_channels) {
    return;
  }
  var sum = sums;
  if (HAS_BIAS != 0u) {
    sum += bias[n / params.images * params.out_channels + o];
  }
  let at = (n * params.out_channels + o) * params.pixels + pixel;
  if (pixel < params.pixels) {
    y[at] = sum.x;
  }
  if (pixel + 1u < params.pixels) {
    y[at + 1u] = sum.y;
  }
  if (pixel + 2u < params.pixels) {
    y[at + 2u] = sum.z;
  }
  if (pixel + 3u < params.pixels) {
    y[at + 3u] = sum.w;
  }
}

fn store(pixel: u32, o: u32, n: u32, sums: Sums) {
  store_channel(pixel, o, n, sums.a);
  store_channel(pixel, o + 1u, n, sums.b);
  store_channel(pixel, o + 2u, n, sums.c);
  store_channel(pixel, o + 3u, n, sums.d);
  store_channel(pixel, o + 4u, n, sums.e);
  store_channel(pixel, o + 5u, n, sums.f);
  store_channel(pixel, o + 6u, n, sums.g);
  store_channel(pixel, o + 7u, n, sums.h);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let across = (params.x_row + 1u) / 2u;
  let tile = group.x * 64u + local;
  if (tile >= params.images * across) {
    return;
  }
  let n = group.z * params.images + tile / across;
  let pair = tile % across; // of vec4s
  let o = group.y * 8u;
  let step = params.out_channels / 4u; // from channel to channel, in vec4s

  var sums0 = Sums();
  var sums1 = Sums();
  var from_weight = group.z * params.channels * step + group.y * 2u;
  var at = n * params.channels * params.x_row + pair * 2u;
  for (var c = 0u; c < params.channels; c++) {
    let low = weight[from_weight];
    let high = weight[from_weight + 1u];
    add(&sums0, x[at], low, high);
    add(&sums1, x[at + 1u], low, high);
    from_weight += step;
    at += params.x_row;
  }
  store(pair * 8u, o, n, sums0);
  store(pair * 8u + 4u, o, n, sums1);
}
