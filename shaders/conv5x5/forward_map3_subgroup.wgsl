// y[g,n,o,i,j] = sum over c, ky, kx of x[g,n,c, i+ky-2, j+kx-2] * weight[g,c,ky,kx,o]
//
// The 5x5 convolution on maps of at most 3x3, where two thirds of all taps fall outside the map and
// none of those is computed: every pixel of x meets every pixel of y through exactly one tap, 81
// products instead of 225. Turned weights and dy in place of x give dx.
//
// Layout: x [G,N,C,H,W], H and W <= 3, with a zero border of 2; weight [G,C,5,5,O]; y [G,N,O,H,W]
// dense.
// Threads: one for an image and 4 output channels: 36 sums in registers. Workgroup x is a batch of
// images, y the block of 4 output channels, z the network g, so all lanes need the same 100 weights
// of a channel. Each lane loads 13 of them (lanes 0 to 3 those of even taps, 4 to 7 those of odd
// ones), and they go round by broadcast.
//
// Subgroups of 8 lanes or more. All lanes stay to the end (those past the last image do it again
// and do not store), so that every lane that is asked for a weight is there.

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
@group(0) @binding(1) var<storage, read> weight: array<f32>;
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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let index = group.x * WORKGROUP_SIZE + local;
  let n = group.z * params.images + min(index, params.images - 1u);
  let o = group.y * 4u;

  // A letter for each output channel, a number for each row.
  var a0 = vec3<f32>();
  var a1 = vec3<f32>();
  var a2 = vec3<f32>();
  var b0 = vec3<f32>();
  var b1 = vec3<f32>();
  var b2 = vec3<f32>();
  var c0 = vec3<f32>();
  var c1 = vec3<f32>();
  var c2 = vec3<f32>();
  var d0 = vec3<f32>();
  var d1 = vec3<f32>();
  var d2 = vec3<f32>();

  let step = 2u * params.out_channels; // lanes load every other tap
  var from_weight = group.z * params.channels * 25u * params.out_channels + o
    + (invocation & 3u) + ((invocation >> 2u) & 1u) * params.out_channels;
  var from_x = n * params.channels * params.x_plane + 2u * params.x_row + 2u;
  for (var channel = 0u; channel < params.channels; channel++) {
    let x0 = row_of(from_x);
    let x1 = row_of(from_x + params.x_row);
    let x2 = row_of(from_x + 2u * params.x_row);
    let w0 = weight[from_weight];
    let w1 = weight[from_weight + step];
    let w2 = weight[from_weight + 2u * step];
    let w3 = weight[from_weight + 3u * step];
    let w4 = weight[from_weight + 4u * step];
    let w5 = weight[from_weight + 5u * step];
    let w6 = weight[from_weight + 6u * step];
    let w7 = weight[from_weight + 7u * step];
    let w8 = weight[from_weight + 8u * step];
    let w9 = weight[from_weight + 9u * step];
    let w10 = weight[from_weight + 10u * step];
    let w11 = weight[from_weight + 11u * step];
    let w12 = weight[from_weight + 12u * step];
    let a_ky0 = Taps(
      subgroupBroadcast(w0, 0u),
      subgroupBroadcast(w0, 4u),
      subgroupBroadcast(w1, 0u),
      subgroupBroadcast(w1, 4u),
      subgroupBroadcast(w2, 0u),
    );
    let a_ky1 = Taps(
      subgroupBroadcast(w2, 4u),
      subgroupBroadcast(w3, 0u),
      subgroupBroadcast(w3, 4u),
      subgroupBroadcast(w4, 0u),
      subgroupBroadcast(w4, 4u),
    );
    let a_ky2 = Taps(
      subgroupBroadcast(w5, 0u),
      subgroupBroadcast(w5, 4u),
      subgroupBroadcast(w6, 0u),
      subgroupBroadcast(w6, 4u),
      subgroupBroadcast(w7, 0u),
    );
    let a_ky3 = Taps(
      subgroupBroadcast(w7, 4u),
      subgroupBroadcast(w8, 0u),
      subgroupBroadcast(w8, 4u),
      subgroupBroadcast(w9, 0u),
      subgroupBroadcast(w9, 4u),
    );
    let a_ky4 = Taps(
      subgroupBroadcast(w10, 0u),
      subgroupBroadcast(w10, 4u),
      subgroupBroadcast(w11, 0u),
      subgroupBroadcast(w11, 4u),
      subgroupBroadcast(w12, 0u),
    );
    a0 += through(x0, a_ky2) + through(x1, a_ky3) + through(x2, a_ky4);
    a1 += through(x0, a_ky1) + through(x1, a_ky2) + through(x2, a_ky3);
    a2 += through(x0, a_ky0) + through(x1, a_ky1) + through(x2, a_ky2);
    let b_ky0 = Taps(
      subgroupBroadcast(w0, 1u),
      subgroupBroadcast(w0, 5u),
      subgroupBroadcast(w1, 1u),
      subgroupBroadcast(w1, 5u),
      subgroupBroadcast(w2, 1u),
    );
    let b_ky1 = Taps(
      subgroupBroadcast(w2, 5u),
      subgroupBroadcast(w3, 1u),
      subgroupBroadcast(w3, 5u),
      subgroupBroadcast(w4, 1u),
      subgroupBroadcast(w4, 5u),
    );
    let b_ky2 = Taps(
      subgroupBroadcast(w5, 1u),
      subgroupBroadcast(w5, 5u),
      subgroupBroadcast(w6, 1u),
      subgroupBroadcast(w6, 5u),
      subgroupBroadcast(w7, 1u),
    );
    let b_ky3 = Taps(
      subgroupBroadcast(w7, 5u),
      subgroupBroadcast(w8, 1u),
      subgroupBroadcast(w8, 5u),
      subgroupBroadcast(w9, 1u),
      subgroupBroadcast(w9, 5u),
    );
    let b_ky4 = Taps(
      subgroupBroadcast(w10, 1u),
      subgroupBroadcast(w10, 5u),
      subgroupBroadcast(w11, 1u),
      subgroupBroadcast(w11, 5u),
      subgroupBroadcast(w12, 1u),
    );
    b0 += through(x0, b_ky2) + through(x1, b_ky3) + through(x2, b_ky4);
    b1 += through(x0, b_ky1) + through(x1, b_ky2) + through(x2, b_ky3);
    b2 += through(x0, b_ky0) + through(x1, b_ky1) + through(x2, b_ky2);
    let c_ky0 = Taps(
      subgroupBroadcast(w0, 2u),
      subgroupBroadcast(w0, 6u),
      subgroupBroadcast(w1, 2u),
      subgroupBroadcast(w1, 6u),
      subgroupBroadcast(w2, 2u),
    );
    let c_ky1 = Taps(
      subgroupBroadcast(w2, 6u),
      subgroupBroadcast(w3, 2u),
      subgroupBroadcast(w3, 6u),
      subgroupBroadcast(w4, 2u),
      subgroupBroadcast(w4, 6u),
    );
    let c_ky2 = Taps(
      subgroupBroadcast(w5, 2u),
      subgroupBroadcast(w5, 6u),
      subgroupBroadcast(w6, 2u),
      subgroupBroadcast(w6, 6u),
      subgroupBroadcast(w7, 2u),
    );
    let c_ky3 = Taps(
      subgroupBroadcast(w7, 6u),
      subgroupBroadcast(w8, 2u),
      subgroupBroadcast(w8, 6u),
      subgroupBroadcast(w9, 2u),
      subgroupBroadcast(w9, 6u),
    );
    let c_ky4 = Taps(
      subgroupBroadcast(w10, 2u),
      subgroupBroadcast(w10, 6u),
      subgroupBroadcast(w11, 2u),
      subgroupBroadcast(w11, 6u),
      subgroupBroadcast(w12, 2u),
    );
    c0 += through(x0, c_ky2) + through(x1, c_ky3) + through(x2, c_ky4);
    c1 += through(x0, c_ky1) + through(x1, c_ky2) + through(x2, c_ky3);
    c2 += through(x0, c_ky0) + through(x1, c_ky1) + through(x2, c_ky2);
    let d_ky0 = Taps(
      subgroupBroadcast(w0, 3u),
      subgroupBroadcast(w0, 7u),
      subgroupBroadcast(w1, 3u),
      subgroupBroadcast(w1, 7u),
      subgroupBroadcast(w2, 3u),
    );
    let d_ky1 = Taps(
      subgroupBroadcast(w2, 7u),
      subgroupBroadcast(w3, 3u),
      subgroupBroadcast(w3, 7u),
      subgroupBroadcast(w4, 3u),
      subgroupBroadcast(w4, 7u),
    );
    let d_ky2 = Taps(
      subgroupBroadcast(w5, 3u),
      subgroupBroadcast(w5, 7u),
      subgroupBroadcast(w6, 3u),
      subgroupBroadcast(w6, 7u),
      subgroupBroadcast(w7, 3u),
    );
    let d_ky3 = Taps(
      subgroupBroadcast(w7, 7u),
      subgroupBroadcast(w8, 3u),
      subgroupBroadcast(w8, 7u),
      subgroupBroadcast(w9, 3u),
      subgroupBroadcast(w9, 7u),
    );
    let d_ky4 = Taps(
      subgroupBroadcast(w10, 3u),
      subgroupBroadcast(w10, 7u),
      subgroupBroadcast(w11, 3u),
      subgroupBroadcast(w11, 7u),
      subgroupBroadcast(w12, 3u),
    );
    d0 += through(x0, d_ky2) + through(x1, d_ky3) + through(x2, d_ky4);
    d1 += through(x0, d_ky1) + through(x1, d_ky2) + through(x2, d_ky3);
    d2 += through(x0, d_ky0) + through(x1, d_ky1) + through(x2, d_ky2);
    from_weight += 25u * params.out_channels;
    from_x += params.x_plane;
  }
  if (index < params.images) {
    store(n, o, a0, a1, a2);
    store(n, o + 1u, b0, b1, b2);
    store(n, o + 2u, c0, c1, c2);
    store(n, o + 3u, d0, d1, d2);
  }
}
