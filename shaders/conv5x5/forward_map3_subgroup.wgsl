// y[g,n,o,i,j] = sum over c, ky, kx of x[g,n,c, i+ky-2, j+kx-2] * weight[g,c,ky,kx,o]
//
// The 5x5 convolution on maps of at most 3x3, where two thirds of all taps fall outside the map and
// none of those is computed: every pixel of x meets every pixel of y through exactly one tap, 81
// products instead of 225. Turned weights and dy in place of x give dx.
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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let index = group.x * WORKGROUP_SIZE + local;
  let n = group.z * params.images + min(index, params.images - 1u);
  let o = group.y * 8u;

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
  var e0 = vec3<f32>();
  var e1 = vec3<f32>();
  var e2 = vec3<f32>();
  var f0 = vec3<f32>();
  var f1 = vec3<f32>();
  var f2 = vec3<f32>();
  var g0 = vec3<f32>();
  var g1 = vec3<f32>();
  var g2 = vec3<f32>();
  var h0 = vec3<f32>();
  var h1 = vec3<f32>();
  var h2 = vec3<f32>();

  let lane = invocation & 3u;
  let step = params.out_channels / 4u; // from tap to tap, in vec4s
  // Lanes 0 1 hold even taps for output channels o..o+3 and o+4..o+7, lanes 2 3 odd taps.
  var from_weight =
    group.z * params.channels * 25u * step + o / 4u + (lane & 1u) + (lane >> 1u) * step;
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
    let w12 = weight[from_weight + 24u * step];
    let a_ky0 = Taps(
      subgroupBroadcast(w0.x, 0u),
      subgroupBroadcast(w0.x, 2u),
      subgroupBroadcast(w1.x, 0u),
      subgroupBroadcast(w1.x, 2u),
      subgroupBroadcast(w2.x, 0u),
    );
    let a_ky1 = Taps(
      subgroupBroadcast(w2.x, 2u),
      subgroupBroadcast(w3.x, 0u),
      subgroupBroadcast(w3.x, 2u),
      subgroupBroadcast(w4.x, 0u),
      subgroupBroadcast(w4.x, 2u),
    );
    let a_ky2 = Taps(
      subgroupBroadcast(w5.x, 0u),
      subgroupBroadcast(w5.x, 2u),
      subgroupBroadcast(w6.x, 0u),
      subgroupBroadcast(w6.x, 2u),
      subgroupBroadcast(w7.x, 0u),
    );
    let a_ky3 = Taps(
      subgroupBroadcast(w7.x, 2u),
      subgroupBroadcast(w8.x, 0u),
      subgroupBroadcast(w8.x, 2u),
      subgroupBroadcast(w9.x, 0u),
      subgroupBroadcast(w9.x, 2u),
    );
    let a_ky4 = Taps(
      subgroupBroadcast(w10.x, 0u),
      subgroupBroadcast(w10.x, 2u),
      subgroupBroadcast(w11.x, 0u),
      subgroupBroadcast(w11.x, 2u),
      subgroupBroadcast(w12.x, 0u),
    );
    a0 += through(x0, a_ky2) + through(x1, a_ky3) + through(x2, a_ky4);
    a1 += through(x0, a_ky1) + through(x1, a_ky2) + through(x2, a_ky3);
    a2 += through(x0, a_ky0) + through(x1, a_ky1) + through(x2, a_ky2);
    let b_ky0 = Taps(
      subgroupBroadcast(w0.y, 0u),
      subgroupBroadcast(w0.y, 2u),
      subgroupBroadcast(w1.y, 0u),
      subgroupBroadcast(w1.y, 2u),
      subgroupBroadcast(w2.y, 0u),
    );
    let b_ky1 = Taps(
      subgroupBroadcast(w2.y, 2u),
      subgroupBroadcast(w3.y, 0u),
      subgroupBroadcast(w3.y, 2u),
      subgroupBroadcast(w4.y, 0u),
      subgroupBroadcast(w4.y, 2u),
    );
    let b_ky2 = Taps(
      subgroupBroadcast(w5.y, 0u),
      subgroupBroadcast(w5.y, 2u),
      subgroupBroadcast(w6.y, 0u),
      subgroupBroadcast(w6.y, 2u),
      subgroupBroadcast(w7.y, 0u),
    );
    let b_ky3 = Taps(
      subgroupBroadcast(w7.y, 2u),
      subgroupBroadcast(w8.y, 0u),
      subgroupBroadcast(w8.y, 2u),
      subgroupBroadcast(w9.y, 0u),
      subgroupBroadcast(w9.y, 2u),
    );
    let b_ky4 = Taps(
      subgroupBroadcast(w10.y, 0u),
      subgroupBroadcast(w10.y, 2u),
      subgroupBroadcast(w11.y, 0u),
      subgroupBroadcast(w11.y, 2u),
      subgroupBroadcast(w12.y, 0u),
    );
    b0 += through(x0, b_ky2) + through(x1, b_ky3) + through(x2, b_ky4);
    b1 += through(x0, b_ky1) + through(x1, b_ky2) + through(x2, b_ky3);
    b2 += through(x0, b_ky0) + through(x1, b_ky1) + through(x2, b_ky2);
    let c_ky0 = Taps(
      subgroupBroadcast(w0.z, 0u),
      subgroupBroadcast(w0.z, 2u),
      subgroupBroadcast(w1.z, 0u),
      subgroupBroadcast(w1.z, 2u),
      subgroupBroadcast(w2.z, 0u),
    );
    let c_ky1 = Taps(
      subgroupBroadcast(w2.z, 2u),
      subgroupBroadcast(w3.z, 0u),
      subgroupBroadcast(w3.z, 2u),
      subgroupBroadcast(w4.z, 0u),
      subgroupBroadcast(w4.z, 2u),
    );
    let c_ky2 = Taps(
      subgroupBroadcast(w5.z, 0u),
      subgroupBroadcast(w5.z, 2u),
      subgroupBroadcast(w6.z, 0u),
      subgroupBroadcast(w6.z, 2u),
      subgroupBroadcast(w7.z, 0u),
    );
    let c_ky3 = Taps(
      subgroupBroadcast(w7.z, 2u),
      subgroupBroadcast(w8.z, 0u),
      subgroupBroadcast(w8.z, 2u),
      subgroupBroadcast(w9.z, 0u),
      subgroupBroadcast(w9.z, 2u),
    );
    let c_ky4 = Taps(
      subgroupBroadcast(w10.z, 0u),
      subgroupBroadcast(w10.z, 2u),
      subgroupBroadcast(w11.z, 0u),
      subgroupBroadcast(w11.z, 2u),
      subgroupBroadcast(w12.z, 0u),
    );
    c0 += through(x0, c_ky2) + through(x1, c_ky3) + through(x2, c_ky4);
    c1 += through(x0, c_ky1) + through(x1, c_ky2) + through(x2, c_ky3);
    c2 += through(x0, c_ky0) + through(x1, c_ky1) + through(x2, c_ky2);
    let d_ky0 = Taps(
      subgroupBroadcast(w0.w, 0u),
      subgroupBroadcast(w0.w, 2u),
      subgroupBroadcast(w1.w, 0u),
      subgroupBroadcast(w1.w, 2u),
      subgroupBroadcast(w2.w, 0u),
    );
    let d_ky1 = Taps(
      subgroupBroadcast(w2.w, 2u),
      subgroupBroadcast(w3.w, 0u),
      subgroupBroadcast(w3.w, 2u),
      subgroupBroadcast(w4.w, 0u),
      subgroupBroadcast(w4.w, 2u),
    );
    let d_ky2 = Taps(
      subgroupBroadcast(w5.w, 0u),
      subgroupBroadcast(w5.w, 2u),
      subgroupBroadcast(w6.w, 0u),
      subgroupBroadcast(w6.w, 2u),
      subgroupBroadcast(w7.w, 0u),
    );
    let d_ky3 = Taps(
      subgroupBroadcast(w7.w, 2u),
      subgroupBroadcast(w8.w, 0u),
      subgroupBroadcast(w8.w, 2u),
      subgroupBroadcast(w9.w, 0u),
      subgroupBroadcast(w9.w, 2u),
    );
    let d_ky4 = Taps(
      subgroupBroadcast(w10.w, 0u),
      subgroupBroadcast(w10.w, 2u),
      subgroupBroadcast(w11.w, 0u),
      subgroupBroadcast(w11.w, 2u),
      subgroupBroadcast(w12.w, 0u),
    );
    d0 += through(x0, d_ky2) + through(x1, d_ky3) + through(x2, d_ky4);
    d1 += through(x0, d_ky1) + through(x1, d_ky2) + through(x2, d_ky3);
    d2 += through(x0, d_ky0) + through(x1, d_ky1) + through(x2, d_ky2);
    let e_ky0 = Taps(
      subgroupBroadcast(w0.x, 1u),
      subgroupBroadcast(w0.x, 3u),
      subgroupBroadcast(w1.x, 1u),
      subgroupBroadcast(w1.x, 3u),
      subgroupBroadcast(w2.x, 1u),
    );
    let e_ky1 = Taps(
      subgroupBroadcast(w2.x, 3u),
      subgroupBroadcast(w3.x, 1u),
      subgroupBroadcast(w3.x, 3u),
      subgroupBroadcast(w4.x, 1u),
      subgroupBroadcast(w4.x, 3u),
    );
    let e_ky2 = Taps(
      subgroupBroadcast(w5.x, 1u),
      subgroupBroadcast(w5.x, 3u),
      subgroupBroadcast(w6.x, 1u),
      subgroupBroadcast(w6.x, 3u),
      subgroupBroadcast(w7.x, 1u),
    );
    let e_ky3 = Taps(
      subgroupBroadcast(w7.x, 3u),
      subgroupBroadcast(w8.x, 1u),
      subgroupBroadcast(w8.x, 3u),
      subgroupBroadcast(w9.x, 1u),
      subgroupBroadcast(w9.x, 3u),
    );
    let e_ky4 = Taps(
      subgroupBroadcast(w10.x, 1u),
      subgroupBroadcast(w10.x, 3u),
      subgroupBroadcast(w11.x, 1u),
      subgroupBroadcast(w11.x, 3u),
      subgroupBroadcast(w12.x, 1u),
    );
    e0 += through(x0, e_ky2) + through(x1, e_ky3) + through(x2, e_ky4);
    e1 += through(x0, e_ky1) + through(x1, e_ky2) + through(x2, e_ky3);
    e2 += through(x0, e_ky0) + through(x1, e_ky1) + through(x2, e_ky2);
    let f_ky0 = Taps(
      subgroupBroadcast(w0.y, 1u),
      subgroupBroadcast(w0.y, 3u),
      subgroupBroadcast(w1.y, 1u),
      subgroupBroadcast(w1.y, 3u),
      subgroupBroadcast(w2.y, 1u),
    );
    let f_ky1 = Taps(
      subgroupBroadcast(w2.y, 3u),
      subgroupBroadcast(w3.y, 1u),
      subgroupBroadcast(w3.y, 3u),
      subgroupBroadcast(w4.y, 1u),
      subgroupBroadcast(w4.y, 3u),
    );
    let f_ky2 = Taps(
      subgroupBroadcast(w5.y, 1u),
      subgroupBroadcast(w5.y, 3u),
      subgroupBroadcast(w6.y, 1u),
      subgroupBroadcast(w6.y, 3u),
      subgroupBroadcast(w7.y, 1u),
    );
    let f_ky3 = Taps(
      subgroupBroadcast(w7.y, 3u),
      subgroupBroadcast(w8.y, 1u),
      subgroupBroadcast(w8.y, 3u),
      subgroupBroadcast(w9.y, 1u),
      subgroupBroadcast(w9.y, 3u),
    );
    let f_ky4 = Taps(
      subgroupBroadcast(w10.y, 1u),
      subgroupBroadcast(w10.y, 3u),
      subgroupBroadcast(w11.y, 1u),
      subgroupBroadcast(w11.y, 3u),
      subgroupBroadcast(w12.y, 1u),
    );
    f0 += through(x0, f_ky2) + through(x1, f_ky3) + through(x2, f_ky4);
    f1 += through(x0, f_ky1) + through(x1, f_ky2) + through(x2, f_ky3);
    f2 += through(x0, f_ky0) + through(x1, f_ky1) + through(x2, f_ky2);
    let g_ky0 = Taps(
      subgroupBroadcast(w0.z, 1u),
      subgroupBroadcast(w0.z, 3u),
      subgroupBroadcast(w1.z, 1u),
      subgroupBroadcast(w1.z, 3u),
      subgroupBroadcast(w2.z, 1u),
    );
    let g_ky1 = Taps(
      subgroupBroadcast(w2.z, 3u),
      subgroupBroadcast(w3.z, 1u),
      subgroupBroadcast(w3.z, 3u),
      subgroupBroadcast(w4.z, 1u),
      subgroupBroadcast(w4.z, 3u),
    );
    let g_ky2 = Taps(
      subgroupBroadcast(w5.z, 1u),
      subgroupBroadcast(w5.z, 3u),
      subgroupBroadcast(w6.z, 1u),
      subgroupBroadcast(w6.z, 3u),
      subgroupBroadcast(w7.z, 1u),
    );
    let g_ky3 = Taps(
      subgroupBroadcast(w7.z, 3u),
      subgroupBroadcast(w8.z, 1u),
      subgroupBroadcast(w8.z, 3u),
      subgroupBroadcast(w9.z, 1u),
      subgroupBroadcast(w9.z, 3u),
    );
    let g_ky4 = Taps(
      subgroupBroadcast(w10.z, 1u),
      subgroupBroadcast(w10.z, 3u),
      subgroupBroadcast(w11.z, 1u),
      subgroupBroadcast(w11.z, 3u),
      subgroupBroadcast(w12.z, 1u),
    );
    g0 += through(x0, g_ky2) + through(x1, g_ky3) + through(x2, g_ky4);
    g1 += through(x0, g_ky1) + through(x1, g_ky2) + through(x2, g_ky3);
    g2 += through(x0, g_ky0) + through(x1, g_ky1) + through(x2, g_ky2);
    let h_ky0 = Taps(
      subgroupBroadcast(w0.w, 1u),
      subgroupBroadcast(w0.w, 3u),
      subgroupBroadcast(w1.w, 1u),
      subgroupBroadcast(w1.w, 3u),
      subgroupBroadcast(w2.w, 1u),
    );
    let h_ky1 = Taps(
      subgroupBroadcast(w2.w, 3u),
      subgroupBroadcast(w3.w, 1u),
      subgroupBroadcast(w3.w, 3u),
      subgroupBroadcast(w4.w, 1u),
      subgroupBroadcast(w4.w, 3u),
    );
    let h_ky2 = Taps(
      subgroupBroadcast(w5.w, 1u),
      subgroupBroadcast(w5.w, 3u),
      subgroupBroadcast(w6.w, 1u),
      subgroupBroadcast(w6.w, 3u),
      subgroupBroadcast(w7.w, 1u),
    );
    let h_ky3 = Taps(
      subgroupBroadcast(w7.w, 3u),
      subgroupBroadcast(w8.w, 1u),
      subgroupBroadcast(w8.w, 3u),
      subgroupBroadcast(w9.w, 1u),
      subgroupBroadcast(w9.w, 3u),
    );
    let h_ky4 = Taps(
      subgroupBroadcast(w10.w, 1u),
      subgroupBroadcast(w10.w, 3u),
      subgroupBroadcast(w11.w, 1u),
      subgroupBroadcast(w11.w, 3u),
      subgroupBroadcast(w12.w, 1u),
    );
    h0 += through(x0, h_ky2) + through(x1, h_ky3) + through(x2, h_ky4);
    h1 += through(x0, h_ky1) + through(x1, h_ky2) + through(x2, h_ky3);
    h2 += through(x0, h_ky0) + through(x1, h_ky1) + through(x2, h_ky2);
    from_weight += 25u * step;
    from_x += params.x_plane;
  }
  if (index < params.images) {
    store(n, o, a0, a1, a2);
    store(n, o + 1u, b0, b1, b2);
    store(n, o + 2u, c0, c1, c2);
    store(n, o + 3u, d0, d1, d2);
    store(n, o + 4u, e0, e1, e2);
    store(n, o + 5u, f0, f1, f2);
    store(n, o + 6u, g0, g1, g2);
    store(n, o + 7u, h0, h1, h2);
  }
}
