// y[g,n,o,p] = bias[g,o] + sum over c of x[g,n,c,p] * weight[g,c,o]
//
// A 1x1 convolution, a product of matrices for each image, weights handed round in the subgroup: what
// `forward_plain.wgsl` defines, faster. With weights [G,O,C] and dy in place of x it gives dx.
//
// Layout: x [G,N,C,row], all pixels of an image in one row of whole vec4s; weight [G,C,O]; bias [G,O];
// y [G,N,O,pixels] dense.
// Threads: one for 8 pixels and 8 output channels: 64 sums in registers. Workgroup y is the block of 8
// output channels, workgroup z the network g; so all lanes of a subgroup need the same weights. For 4
// channels at a time, each loads 32 / LANES of them, and they go round by broadcast: a register move
// instead of a load.
//
// Subgroups of LANES lanes or more; O a multiple of 4. All lanes stay to the end (those past the last tile
// do it again and do not store), so that every lane that is asked for a weight is there.

enable subgroups;

const LANES: u32 = 8; // tunable: 4 8
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

// Where the weights of the third of 4 channels lie: in the same vec4s as the first's, or in the next.
const THIRD: u32 = 4u % LANES;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let across = (params.x_row + 1u) / 2u;
  let tiles = params.images * across;
  let index = group.x * 64u + local;
  let tile = min(index, tiles - 1u);
  let n = group.z * params.images + tile / across;
  let pair = tile % across; // of vec4s
  let o = group.y * 8u;
  let lane = invocation & (LANES - 1u);
  let step = params.out_channels / 4u; // from channel to channel, in vec4s
  let row = params.x_row;
  // Lanes 0 1 hold the first channel's for output channels o..o+3 and o+4..o+7, lanes 2 3 the second's, and so on.
  let from_weight = group.z * params.channels * step + o / 4u + (lane & 1u);
  let from_x = n * params.channels * row + pair * 2u;

  var sums0 = Sums();
  var sums1 = Sums();
  for (var c = 0u; c < params.channels; c += 4u) {
    // Past the last channel weights are 0, and x is the last channel's, as no number times 0 is NaN.
    let last = params.channels - 1u;
    let own = c + (lane >> 1u);
    let w01 = select(vec4<f32>(), weight[from_weight + own * step], own <= last);
    var w23 = w01;
    if (LANES == 4u) {
      w23 = select(vec4<f32>(), weight[from_weight + (own + 2u) * step], own + 2u <= last);
    }
    {
      let at = from_x + c * row;
      let low = subgroupBroadcast(w01, 0u);
      let high = subgroupBroadcast(w01, 1u);
      add(&sums0, x[at], low, high);
      add(&sums1, x[at + 1u], low, high);
    }
    {
      let at = from_x + min(c + 1u, last) * row;
      let low = subgroupBroadcast(w01, 2u);
      let high = subgroupBroadcast(w01, 3u);
      add(&sums0, x[at], low, high);
      add(&sums1, x[at + 1u], low, high);
    }
    {
      let at = from_x + min(c + 2u, last) * row;
      let low = subgroupBroadcast(w23, THIRD);
      let high = subgroupBroadcast(w23, THIRD + 1u);
      add(&sums0, x[at], low, high);
      add(&sums1, x[at + 1u], low, high);
    }
    {
      let at = from_x + min(c + 3u, last) * row;
      let low = subgroupBroadcast(w23, THIRD + 2u);
      let high = subgroupBroadcast(w23, THIRD + 3u);
      add(&sums0, x[at], low, high);
      add(&sums1, x[at + 1u], low, high);
    }
  }
  if (index < tiles) {
    store(pair * 8u, o, n, sums0);
    store(pair * 8u + 4u, o, n, sums1);
  }
}
