// y[g,n,o,i,j] = sum over c, ky, kx of x[g,n,c, i+ky-2, j+kx-2] * weight[g,c,ky,kx,o]
//
// The 5x5 convolution on maps of at most 6 columns: as `forward_subgroup.wgsl`, but a third of the
// taps of such a map fall outside it, and none of those is computed. A row of 6 has 24 products for
// each row of taps and output channel, not 30, and of 5 rows of taps only those that meet the map
// are walked. Turned weights and dy in place of x give dx.
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

// Columns 0 1 2 of y from columns 0 1 2 (near) and 3 4 5 (far) of x.
fn left_half(near: vec3<f32>, far: vec3<f32>, t: Taps) -> vec3<f32> {
  return vec3<f32>(
    near.x * t.w2 + near.y * t.w3 + near.z * t.w4,
    near.x * t.w1 + near.y * t.w2 + near.z * t.w3 + far.x * t.w4,
    near.x * t.w0 + near.y * t.w1 + near.z * t.w2 + far.x * t.w3 + far.y * t.w4,
  );
}

// Columns 3 4 5 of y from columns 0 1 2 (far) and 3 4 5 (near) of x.
fn right_half(far: vec3<f32>, near: vec3<f32>, t: Taps) -> vec3<f32> {
  return vec3<f32>(
    far.y * t.w0 + far.z * t.w1 + near.x * t.w2 + near.y * t.w3 + near.z * t.w4,
    far.z * t.w0 + near.x * t.w1 + near.y * t.w2 + near.z * t.w3,
    near.x * t.w0 + near.y * t.w1 + near.z * t.w2,
  );
}

fn store(row: u32, at: u32, o: u32, left: vec3<f32>, right: vec3<f32>) {
  if (row >= params.height || o >= params.out_channels) {
    return;
  }
  for (var j = 0u; j < min(params.width, 3u); j++) {
    y[at + j] = left[j];
  }
  for (var j = 3u; j < params.width; j++) {
    y[at + j] = right[j - 3u];
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

  // A letter for each output channel, 0 and 1 for the two rows, `left` and `right` for their halves.
  var a0_left = vec3<f32>();
  var a0_right = vec3<f32>();
  var a1_left = vec3<f32>();
  var a1_right = vec3<f32>();
  var b0_left = vec3<f32>();
  var b0_right = vec3<f32>();
  var b1_left = vec3<f32>();
  var b1_right = vec3<f32>();
  var c0_left = vec3<f32>();
  var c0_right = vec3<f32>();
  var c1_left = vec3<f32>();
  var c1_right = vec3<f32>();
  var d0_left = vec3<f32>();
  var d0_right = vec3<f32>();
  var d1_left = vec3<f32>();
  var d1_right = vec3<f32>();
  var e0_left = vec3<f32>();
  var e0_right = vec3<f32>();
  var e1_left = vec3<f32>();
  var e1_right = vec3<f32>();
  var f0_left = vec3<f32>();
  var f0_right = vec3<f32>();
  var f1_left = vec3<f32>();
  var f1_right = vec3<f32>();
  var g0_left = vec3<f32>();
  var g0_right = vec3<f32>();
  var g1_left = vec3<f32>();
  var g1_right = vec3<f32>();
  var h0_left = vec3<f32>();
  var h0_right = vec3<f32>();
  var h1_left = vec3<f32>();
  var h1_right = vec3<f32>();

  // Rows of taps that meet the map for one of the two rows: -1 <= row + ky - 2 < height.
  let first = max(row, 1u) - row;
  let end = min(5u, params.height + 2u - row);
  let lane = invocation & 3u;
  let step = params.out_channels / 4u; // from tap to tap, in vec4s
  // Lanes 0 1 hold even taps for output channels o..o+3 and o+4..o+7, lanes 2 3 odd taps.
  let from_weight = group.z * params.channels * 25u * step + o / 4u + (lane & 1u);
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
      let a = Taps(
        subgroupBroadcast(w01.x, 0u),
        subgroupBroadcast(w01.x, 2u),
        subgroupBroadcast(w23.x, 0u),
        subgroupBroadcast(w23.x, 2u),
        subgroupBroadcast(w4.x, 0u),
      );
      a0_left += left_half(left0, right0, a);
      a0_right += right_half(left0, right0, a);
      a1_left += left_half(left1, right1, a);
      a1_right += right_half(left1, right1, a);
      let b = Taps(
        subgroupBroadcast(w01.y, 0u),
        subgroupBroadcast(w01.y, 2u),
        subgroupBroadcast(w23.y, 0u),
        subgroupBroadcast(w23.y, 2u),
        subgroupBroadcast(w4.y, 0u),
      );
      b0_left += left_half(left0, right0, b);
      b0_right += right_half(left0, right0, b);
      b1_left += left_half(left1, right1, b);
      b1_right += right_half(left1, right1, b);
      let c = Taps(
        subgroupBroadcast(w01.z, 0u),
        subgroupBroadcast(w01.z, 2u),
        subgroupBroadcast(w23.z, 0u),
        subgroupBroadcast(w23.z, 2u),
        subgroupBroadcast(w4.z, 0u),
      );
      c0_left += left_half(left0, right0, c);
      c0_right += right_half(left0, right0, c);
      c1_left += left_half(left1, right1, c);
      c1_right += right_half(left1, right1, c);
      let d = Taps(
        subgroupBroadcast(w01.w, 0u),
        subgroupBroadcast(w01.w, 2u),
        subgroupBroadcast(w23.w, 0u),
        subgroupBroadcast(w23.w, 2u),
        subgroupBroadcast(w4.w, 0u),
      );
      d0_left += left_half(left0, right0, d);
      d0_right += right_half(left0, right0, d);
      d1_left += left_half(left1, right1, d);
      d1_right += right_half(left1, right1, d);
      let e = Taps(
        subgroupBroadcast(w01.x, 1u),
        subgroupBroadcast(w01.x, 3u),
        subgroupBroadcast(w23.x, 1u),
        subgroupBroadcast(w23.x, 3u),
        subgroupBroadcast(w4.x, 1u),
      );
      e0_left += left_half(left0, right0, e);
      e0_right += right_half(left0, right0, e);
      e1_left += left_half(left1, right1, e);
      e1_right += right_half(left1, right1, e);
      let f = Taps(
        subgroupBroadcast(w01.y, 1u),
        subgroupBroadcast(w01.y, 3u),
        subgroupBroadcast(w23.y, 1u),
        subgroupBroadcast(w23.y, 3u),
        subgroupBroadcast(w4.y, 1u),
      );
      f0_left += left_half(left0, right0, f);
      f0_right += right_half(left0, right0, f);
      f1_left += left_half(left1, right1, f);
      f1_right += right_half(left1, right1, f);
      let g = Taps(
        subgroupBroadcast(w01.z, 1u),
        subgroupBroadcast(w01.z, 3u),
        subgroupBroadcast(w23.z, 1u),
        subgroupBroadcast(w23.z, 3u),
        subgroupBroadcast(w4.z, 1u),
      );
      g0_left += left_half(left0, right0, g);
      g0_right += right_half(left0, right0, g);
      g1_left += left_half(left1, right1, g);
      g1_right += right_half(left1, right1, g);
      let h = Taps(
        subgroupBroadcast(w01.w, 1u),
        subgroupBroadcast(w01.w, 3u),
        subgroupBroadcast(w23.w, 1u),
        subgroupBroadcast(w23.w, 3u),
        subgroupBroadcast(w4.w, 1u),
      );
      h0_left += left_half(left0, right0, h);
      h0_right += right_half(left0, right0, h);
      h1_left += left_half(left1, right1, h);
      h1_right += right_half(left1, right1, h);
      left0 = left1;
      right0 = right1;
    }
  }
  if (index < params.images) {
    let plane = params.height * params.width;
    let at0 = (n * params.out_channels + o) * plane + row * params.width;
    let at1 = at0 + params.width;
    store(row, at0, o, a0_left, a0_right);
    store(row + 1u, at1, o, a1_left, a1_right);
    store(row, at0 + plane, o + 1u, b0_left, b0_right);
    store(row + 1u, at1 + plane, o + 1u, b1_left, b1_right);
    store(row, at0 + 2u * plane, o + 2u, c0_left, c0_right);
    store(row + 1u, at1 + 2u * plane, o + 2u, c1_left, c1_right);
    store(row, at0 + 3u * plane, o + 3u, d0_left, d0_right);
    store(row + 1u, at1 + 3u * plane, o + 3u, d1_left, d1_right);
    store(row, at0 + 4u * plane, o + 4u, e0_left, e0_right);
    store(row + 1u, at1 + 4u * plane, o + 4u, e1_left, e1_right);
    store(row, at0 + 5u * plane, o + 5u, f0_left, f0_right);
    store(row + 1u, at1 + 5u * plane, o + 5u, f1_left, f1_right);
    store(row, at0 + 6u * plane, o + 6u, g0_left, g0_right);
    store(row + 1u, at1 + 6u * plane, o + 6u, g1_left, g1_right);
    store(row, at0 + 7u * plane, o + 7u, h0_left, h0_right);
    store(row + 1u, at1 + 7u * plane, o + 7u, h1_left, h1_right);
  }
}
