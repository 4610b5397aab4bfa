// y[g,n,o,i,j] = sum over c, ky, kx of x[g,n,c, i+ky-2, j+kx-2] * weight[g,c,ky,kx,o]
//
// The 5x5 convolution on maps of at most 6 columns: as `forward_subgroup.wgsl`, but a third of the
// taps of such a map fall outside it, and none of those is computed. A row of 6 has 24 products for
// each row of taps and output channel, not 30, and of 5 rows of taps only those that meet the map
// are walked. Flipped weights and dy in place of x give dx.
//
// Layout: x [G,N,C,H,W], W <= 6, with a zero border of 2 and rows of whole vec4s; weight
// [G,C,5,5,O]; y [G,N,O,H,W] dense.
// Threads: one for an image, 2 rows and 8 output channels: 96 sums in registers. Workgroup x is a pair
// of rows of a batch of images, y the block of 8 output channels, z the network g: the rows of taps
// that meet the map are the same for all lanes, and so are the 40 weights. Three vec4s a lane hold
// them, and they go round by broadcast.
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
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
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

// A row of y from columns 0 1 2 (left) and 3 4 5 (right) of x, its two halves the columns of the matrix.
fn through(left: vec3<f32>, right: vec3<f32>, t: Taps) -> mat2x3<f32> {
  return mat2x3<f32>(
    left.x * t.w2 + left.y * t.w3 + left.z * t.w4,
    left.x * t.w1 + left.y * t.w2 + left.z * t.w3 + right.x * t.w4,
    left.x * t.w0 + left.y * t.w1 + left.z * t.w2 + right.x * t.w3 + right.y * t.w4,
    left.y * t.w0 + left.z * t.w1 + right.x * t.w2 + right.y * t.w3 + right.z * t.w4,
    left.z * t.w0 + right.x * t.w1 + right.y * t.w2 + right.z * t.w3,
    right.x * t.w0 + right.y * t.w1 + right.z * t.w2,
  );
}

// A row of taps for one of output channels o..o+3 (low) and o+4..o+7 (high), from the lanes that hold it.
fn taps_low(w01: f32, w23: f32, w4: f32) -> Taps {
  return Taps(
    subgroupBroadcast(w01, 0u),
    subgroupBroadcast(w01, 2u),
    subgroupBroadcast(w23, 0u),
    subgroupBroadcast(w23, 2u),
    subgroupBroadcast(w4, 0u),
  );
}

fn taps_high(w01: f32, w23: f32, w4: f32) -> Taps {
  return Taps(
    subgroupBroadcast(w01, 1u),
    subgroupBroadcast(w01, 3u),
    subgroupBroadcast(w23, 1u),
    subgroupBroadcast(w23, 3u),
    subgroupBroadcast(w4, 1u),
  );
}

fn store(row: u32, at: u32, o: u32, sums: mat2x3<f32>) {
  if (row >= params.height || o >= params.out_channels) {
    return;
  }
  for (var j = 0u; j < params.width; j++) {
    y[at + j] = sums[j / 3u][j % 3u];
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let pairs = (params.height + 1u) / 2u;
  let row = group.x % pairs * 2u;
  let index = group.x / pairs * WORKGROUP_SIZE + local;
  let n = group.z * params.images + min(index, params.images - 1u);
  let o = group.y * 8u;

  // A letter for each output channel, 0 and 1 for the two rows.
  var a0 = mat2x3<f32>();
  var a1 = mat2x3<f32>();
  var b0 = mat2x3<f32>();
  var b1 = mat2x3<f32>();
  var c0 = mat2x3<f32>();
  var c1 = mat2x3<f32>();
  var d0 = mat2x3<f32>();
  var d1 = mat2x3<f32>();
  var e0 = mat2x3<f32>();
  var e1 = mat2x3<f32>();
  var f0 = mat2x3<f32>();
  var f1 = mat2x3<f32>();
  var g0 = mat2x3<f32>();
  var g1 = mat2x3<f32>();
  var h0 = mat2x3<f32>();
  var h1 = mat2x3<f32>();

  // Rows of taps that meet the map for one of the two rows: -1 <= row + ky - 2 < height.
  let first = max(row, 1u) - row;
  let end = min(5u, params.height + 2u - row);
  let lane = invocation & 3u;
  let step = params.out_channels / 4u; // from tap to tap, in vec4s
  // Lanes 0 1 hold even taps for output channels o..o+3 and o+4..o+7, lanes 2 3 odd taps.
  let own = min(o / 4u + (lane & 1u), step - 1u); // past the last output channels the last ones: they are not stored
  let from_weight = group.z * params.channels * 25u * step + own;
  let tap = (lane >> 1u) * step;
  let from_x = n * params.channels * params.x_plane + (row + first) * params.x_row;
  for (var channel = 0u; channel < params.channels; channel++) {
    var at = from_x + channel * params.x_plane;
    var p = x[at]; // two of the border, columns 0 1
    var q = x[at + 1u]; // columns 2 3 4 5
    var left0 = vec3<f32>(p.zw, q.x);
    var right0 = q.yzw;
    for (var ky = first; ky < end; ky++) {
      let w_at = from_weight + (channel * 25u + ky * 5u) * step;
      let w01 = weight[w_at + tap];
      let w23 = weight[w_at + 2u * step + tap];
      let w4 = weight[w_at + 4u * step];
      at += params.x_row;
      p = x[at];
      q = x[at + 1u];
      let left1 = vec3<f32>(p.zw, q.x);
      let right1 = q.yzw;
      let a = taps_low(w01.x, w23.x, w4.x);
      a0 += through(left0, right0, a);
      a1 += through(left1, right1, a);
      let b = taps_low(w01.y, w23.y, w4.y);
      b0 += through(left0, right0, b);
      b1 += through(left1, right1, b);
      let c = taps_low(w01.z, w23.z, w4.z);
      c0 += through(left0, right0, c);
      c1 += through(left1, right1, c);
      let d = taps_low(w01.w, w23.w, w4.w);
      d0 += through(left0, right0, d);
      d1 += through(left1, right1, d);
      let e = taps_high(w01.x, w23.x, w4.x);
      e0 += through(left0, right0, e);
      e1 += through(left1, right1, e);
      let f = taps_high(w01.y, w23.y, w4.y);
      f0 += through(left0, right0, f);
      f1 += through(left1, right1, f);
      let g = taps_high(w01.z, w23.z, w4.z);
      g0 += through(left0, right0, g);
      g1 += through(left1, right1, g);
      let h = taps_high(w01.w, w23.w, w4.w);
      h0 += through(left0, right0, h);
      h1 += through(left1, right1, h);
      left0 = left1;
      right0 = right1;
    }
  }
  if (index < params.images) {
    let plane = params.height * params.width;
    let at0 = (n * params.out_channels + o) * plane + row * params.width;
    let at1 = at0 + params.width;
    store(row, at0, o, a0);
    store(row + 1u, at1, o, a1);
    store(row, at0 + plane, o + 1u, b0);
    store(row + 1u, at1 + plane, o + 1u, b1);
    store(row, at0 + 2u * plane, o + 2u, c0);
    store(row + 1u, at1 + 2u * plane, o + 2u, c1);
    store(row, at0 + 3u * plane, o + 3u, d0);
    store(row + 1u, at1 + 3u * plane, o + 3u, d1);
    store(row, at0 + 4u * plane, o + 4u, e0);
    store(row + 1u, at1 + 4u * plane, o + 4u, e1);
    store(row, at0 + 5u * plane, o + 5u, f0);
    store(row + 1u, at1 + 5u * plane, o + 5u, f1);
    store(row, at0 + 6u * plane, o + 6u, g0);
    store(row + 1u, at1 + 6u * plane, o + 6u, g1);
    store(row, at0 + 7u * plane, o + 7u, h0);
    store(row + 1u, at1 + 7u * plane, o + 7u, h1);
  }
}
