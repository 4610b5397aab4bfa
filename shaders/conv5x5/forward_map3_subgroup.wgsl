// y[g,n,o,i,j] = sum over c, ky, kx of x[g,n,c, i+ky-2, j+kx-2] * weight[g,c,ky,kx,o]
//
// The 5x5 convolution on maps of at most 3x3, where two thirds of all taps fall outside the map and
// none of those is computed: every pixel of x meets every pixel of y through exactly one tap, 81
// products instead of 225. Flipped weights and dy in place of x give dx.
//
// Layout: x [G,N,C,H,W], H and W <= 3, with a zero border of 2; weight [G,C,5,5,O]; y [G,N,O,H,W]
// dense.
// Threads: one for an image and 8 output channels: 72 sums in registers. Workgroup x is a batch of
// images, y the block of 8 output channels, z the network g, so all lanes need the same 200 weights
// of a channel. 13 vec4s a lane hold them, and they go round by broadcast.
//
// Subgroups of 4 lanes or more; O a multiple of 4. All lanes stay to the end (those past the last
// image do it again and do not store), so that every lane that is asked for a weight is there.

enable subgroups;

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32,
  width: u32,
  x_row: u32, // from row to row of x
  x_plane: u32, // from channel to channel of x
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// The weights of a row of taps, for one output channel.
struct Taps {
  w0: f32,
  w1: f32,
  w2: f32,
  w3: f32,
  w4: f32,
}

// A row of y from a row of x: between 3 columns all 9 pairs are at most 2 apart.
fn through(x: vec3<f32>, t: Taps) -> vec3<f32> {
  return vec3<f32>(
    x.x * t.w2 + x.y * t.w3 + x.z * t.w4,
    x.x * t.w1 + x.y * t.w2 + x.z * t.w3,
    x.x * t.w0 + x.y * t.w1 + x.z * t.w2,
  );
}

fn row_of(at: u32) -> vec3<f32> {
  return vec3<f32>(x[at], x[at + 1u], x[at + 2u]);
}

fn store(n: u32, o: u32, row0: vec3<f32>, row1: vec3<f32>, row2: vec3<f32>) {
  if (o >= params.out_channels) {
    return;
  }
  let at = (n * params.out_channels + o) * params.height * params.width;
  for (var j = 0u; j < params.width; j++) {
    y[at + j] = row0[j];
    if (params.height > 1u) {
      y[at + params.width + j] = row1[j];
    }
    if (params.height > 2u) {
      y[at + 2u * params.width + j] = row2[j];
    }
  }
}

// The filter of one output channel.
struct Filter {
  ky0: Taps,
  ky1: Taps,
  ky2: Taps,
  ky3: Taps,
  ky4: Taps,
}

// A row of taps that begins with an even or an odd one, for one of output channels o..o+3 (low), o+4..o+7 (high).
fn even_low(a: f32, b: f32, c: f32) -> Taps {
  return Taps(
    subgroupBroadcast(a, 0u),
    subgroupBroadcast(a, 2u),
    subgroupBroadcast(b, 0u),
    subgroupBroadcast(b, 2u),
    subgroupBroadcast(c, 0u),
  );
}

fn odd_low(a: f32, b: f32, c: f32) -> Taps {
  return Taps(
    subgroupBroadcast(a, 2u),
    subgroupBroadcast(b, 0u),
    subgroupBroadcast(b, 2u),
    subgroupBroadcast(c, 0u),
    subgroupBroadcast(c, 2u),
  );
}

fn even_high(a: f32, b: f32, c: f32) -> Taps {
  return Taps(
    subgroupBroadcast(a, 1u),
    subgroupBroadcast(a, 3u),
    subgroupBroadcast(b, 1u),
    subgroupBroadcast(b, 3u),
    subgroupBroadcast(c, 1u),
  );
}

fn odd_high(a: f32, b: f32, c: f32) -> Taps {
  return Taps(
    subgroupBroadcast(a, 3u),
    subgroupBroadcast(b, 1u),
    subgroupBroadcast(b, 3u),
    subgroupBroadcast(c, 1u),
    subgroupBroadcast(c, 3u),
  );
}

// What a channel of x gives to the map of one output channel: columns of the matrix are rows of the map.
fn map_of(x0: vec3<f32>, x1: vec3<f32>, x2: vec3<f32>, f: Filter) -> mat3x3<f32> {
  return mat3x3<f32>(
    through(x0, f.ky2) + through(x1, f.ky3) + through(x2, f.ky4),
    through(x0, f.ky1) + through(x1, f.ky2) + through(x2, f.ky3),
    through(x0, f.ky0) + through(x1, f.ky1) + through(x2, f.ky2),
  );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let index = group.x * WORKGROUP_SIZE + local;
  let n = group.z * params.images + min(index, params.images - 1u);
  let o = group.y * 8u;

  // A map for each output channel.
  var a = mat3x3<f32>();
  var b = mat3x3<f32>();
  var c = mat3x3<f32>();
  var d = mat3x3<f32>();
  var e = mat3x3<f32>();
  var f = mat3x3<f32>();
  var g = mat3x3<f32>();
  var h = mat3x3<f32>();

  let lane = invocation & 3u;
  let step = params.out_channels / 4u; // from tap to tap, in vec4s
  // Lanes 0 1 hold even taps for output channels o..o+3 and o+4..o+7, lanes 2 3 odd taps.
  let own = min(o / 4u + (lane & 1u), step - 1u); // past the last output channels the last ones: they are not stored
  let odd = (lane >> 1u) * step;
  var from_weight = group.z * params.channels * 25u * step + own + odd;
  var from_x = n * params.channels * params.x_plane + 2u * params.x_row + 2u;
  for (var channel = 0u; channel < params.channels; channel++) {
    let x0 = row_of(from_x);
    let x1 = row_of(from_x + params.x_row);
    let x2 = row_of(from_x + 2u * params.x_row);
    let w0 = weight[from_weight];
    let w1 = weight[from_weight + 2u * step];
    let w2 = weight[from_weight + 4u * step];
    let w3 = weight[from_weight + 6u * step];
    let w4 = weight[from_weight + 8u * step];
    let w5 = weight[from_weight + 10u * step];
    let w6 = weight[from_weight + 12u * step];
    let w7 = weight[from_weight + 14u * step];
    let w8 = weight[from_weight + 16u * step];
    let w9 = weight[from_weight + 18u * step];
    let w10 = weight[from_weight + 20u * step];
    let w11 = weight[from_weight + 22u * step];
    let w12 = weight[from_weight + 24u * step - odd]; // there is no tap 25
    a += map_of(x0, x1, x2, Filter(
      even_low(w0.x, w1.x, w2.x),
      odd_low(w2.x, w3.x, w4.x),
      even_low(w5.x, w6.x, w7.x),
      odd_low(w7.x, w8.x, w9.x),
      even_low(w10.x, w11.x, w12.x),
    ));
    b += map_of(x0, x1, x2, Filter(
      even_low(w0.y, w1.y, w2.y),
      odd_low(w2.y, w3.y, w4.y),
      even_low(w5.y, w6.y, w7.y),
      odd_low(w7.y, w8.y, w9.y),
      even_low(w10.y, w11.y, w12.y),
    ));
    c += map_of(x0, x1, x2, Filter(
      even_low(w0.z, w1.z, w2.z),
      odd_low(w2.z, w3.z, w4.z),
      even_low(w5.z, w6.z, w7.z),
      odd_low(w7.z, w8.z, w9.z),
      even_low(w10.z, w11.z, w12.z),
    ));
    d += map_of(x0, x1, x2, Filter(
      even_low(w0.w, w1.w, w2.w),
      odd_low(w2.w, w3.w, w4.w),
      even_low(w5.w, w6.w, w7.w),
      odd_low(w7.w, w8.w, w9.w),
      even_low(w10.w, w11.w, w12.w),
    ));
    e += map_of(x0, x1, x2, Filter(
      even_high(w0.x, w1.x, w2.x),
      odd_high(w2.x, w3.x, w4.x),
      even_high(w5.x, w6.x, w7.x),
      odd_high(w7.x, w8.x, w9.x),
      even_high(w10.x, w11.x, w12.x),
    ));
    f += map_of(x0, x1, x2, Filter(
      even_high(w0.y, w1.y, w2.y),
      odd_high(w2.y, w3.y, w4.y),
      even_high(w5.y, w6.y, w7.y),
      odd_high(w7.y, w8.y, w9.y),
      even_high(w10.y, w11.y, w12.y),
    ));
    g += map_of(x0, x1, x2, Filter(
      even_high(w0.z, w1.z, w2.z),
      odd_high(w2.z, w3.z, w4.z),
      even_high(w5.z, w6.z, w7.z),
      odd_high(w7.z, w8.z, w9.z),
      even_high(w10.z, w11.z, w12.z),
    ));
    h += map_of(x0, x1, x2, Filter(
      even_high(w0.w, w1.w, w2.w),
      odd_high(w2.w, w3.w, w4.w),
      even_high(w5.w, w6.w, w7.w),
      odd_high(w7.w, w8.w, w9.w),
      even_high(w10.w, w11.w, w12.w),
    ));
    from_weight += 25u * step;
    from_x += params.x_plane;
  }
  if (index < params.images) {
    store(n, o, a[0], a[1], a[2]);
    store(n, o + 1u, b[0], b[1], b[2]);
    store(n, o + 2u, c[0], c[1], c[2]);
    store(n, o + 3u, d[0], d[1], d[2]);
    store(n, o + 4u, e[0], e[1], e[2]);
    store(n, o + 5u, f[0], f[1], f[2]);
    store(n, o + 6u, g[0], g[1], g[2]);
    store(n, o + 7u, h[0], h[1], h[2]);
  }
}
