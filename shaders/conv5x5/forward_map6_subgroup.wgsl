// y[g,n,o,i,j] = sum over c, ky, kx of x[g,n,c, i+ky-2, j+kx-2] * weight[g,c,ky,kx,o]
//
// The 5x5 convolution on maps of at most 6 columns: as `forward_subgroup.wgsl`, but a third of the
// taps of such a map fall outside it, and none of those is computed. A row of 6 has 24 products for
// each row of taps and output channel, not 30, and of 5 rows of taps only those that meet the map
// are walked. Turned weights and dy in place of x give dx.
//
// Layout: x [G,N,C,H,W], W <= 6, with a zero border of 2 and rows of whole vec4s; weight
// [G,C,5,5,O]; y [G,N,O,H,W] dense.
// Threads: one for an image, a row and 8 output channels: 48 sums in registers. Workgroup x is a row
// of a batch of images, y the block of 8 output channels, z the network g: the rows of taps that
// meet the map are the same for all lanes, and so are the 40 weights. Each lane loads 5 of them,
// and they go round by broadcast.
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
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
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

fn store(at: u32, o: u32, left: vec3<f32>, right: vec3<f32>) {
  if (o >= params.out_channels) {
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
  let row = group.x % params.height;
  let index = group.x / params.height * WORKGROUP_SIZE + local;
  let n = group.z * params.images + min(index, params.images - 1u);
  let o = group.y * 8u;

  // A letter for each output channel, 0 for the left half of the row and 1 for the right.
  var a0 = vec3<f32>();
  var a1 = vec3<f32>();
  var b0 = vec3<f32>();
  var b1 = vec3<f32>();
  var c0 = vec3<f32>();
  var c1 = vec3<f32>();
  var d0 = vec3<f32>();
  var d1 = vec3<f32>();
  var e0 = vec3<f32>();
  var e1 = vec3<f32>();
  var f0 = vec3<f32>();
  var f1 = vec3<f32>();
  var g0 = vec3<f32>();
  var g1 = vec3<f32>();
  var h0 = vec3<f32>();
  var h1 = vec3<f32>();

  // Rows of taps that meet the map: 0 <= row + ky - 2 < height.
  let first = max(row, 2u) - row;
  let end = min(5u, params.height + 2u - row);
  let step = params.out_channels; // from tap to tap
  let from_weight = group.z * params.channels * 25u * step + o + (invocation & 7u);
  let from_x = n * params.channels * params.x_plane + row * params.x_row;
  for (var channel = 0u; channel < params.channels; channel++) {
    for (var ky = first; ky < end; ky++) {
      let w_at = from_weight + (channel * 25u + ky * 5u) * step;
      let w0 = weight[w_at];
      let w1 = weight[w_at + step];
      let w2 = weight[w_at + 2u * step];
      let w3 = weight[w_at + 3u * step];
      let w4 = weight[w_at + 4u * step];
      let at = from_x + channel * params.x_plane + ky * params.x_row;
      let p = x[at]; // two of the border, columns 0 1
      let q = x[at + 1u]; // columns 2 3 4 5
      let left = vec3<f32>(p.zw, q.x);
      let right = q.yzw;
      let a = Taps(
        subgroupBroadcast(w0, 0u),
        subgroupBroadcast(w1, 0u),
        subgroupBroadcast(w2, 0u),
        subgroupBroadcast(w3, 0u),
        subgroupBroadcast(w4, 0u),
      );
      a0 += left_half(left, right, a);
      a1 += right_half(left, right, a);
      let b = Taps(
        subgroupBroadcast(w0, 1u),
        subgroupBroadcast(w1, 1u),
        subgroupBroadcast(w2, 1u),
        subgroupBroadcast(w3, 1u),
        subgroupBroadcast(w4, 1u),
      );
      b0 += left_half(left, right, b);
      b1 += right_half(left, right, b);
      let c = Taps(
        subgroupBroadcast(w0, 2u),
        subgroupBroadcast(w1, 2u),
        subgroupBroadcast(w2, 2u),
        subgroupBroadcast(w3, 2u),
        subgroupBroadcast(w4, 2u),
      );
      c0 += left_half(left, right, c);
      c1 += right_half(left, right, c);
      let d = Taps(
        subgroupBroadcast(w0, 3u),
        subgroupBroadcast(w1, 3u),
        subgroupBroadcast(w2, 3u),
        subgroupBroadcast(w3, 3u),
        subgroupBroadcast(w4, 3u),
      );
      d0 += left_half(left, right, d);
      d1 += right_half(left, right, d);
      let e = Taps(
        subgroupBroadcast(w0, 4u),
        subgroupBroadcast(w1, 4u),
        subgroupBroadcast(w2, 4u),
        subgroupBroadcast(w3, 4u),
        subgroupBroadcast(w4, 4u),
      );
      e0 += left_half(left, right, e);
      e1 += right_half(left, right, e);
      let f = Taps(
        subgroupBroadcast(w0, 5u),
        subgroupBroadcast(w1, 5u),
        subgroupBroadcast(w2, 5u),
        subgroupBroadcast(w3, 5u),
        subgroupBroadcast(w4, 5u),
      );
      f0 += left_half(left, right, f);
      f1 += right_half(left, right, f);
      let g = Taps(
        subgroupBroadcast(w0, 6u),
        subgroupBroadcast(w1, 6u),
        subgroupBroadcast(w2, 6u),
        subgroupBroadcast(w3, 6u),
        subgroupBroadcast(w4, 6u),
      );
      g0 += left_half(left, right, g);
      g1 += right_half(left, right, g);
      let h = Taps(
        subgroupBroadcast(w0, 7u),
        subgroupBroadcast(w1, 7u),
        subgroupBroadcast(w2, 7u),
        subgroupBroadcast(w3, 7u),
        subgroupBroadcast(w4, 7u),
      );
      h0 += left_half(left, right, h);
      h1 += right_half(left, right, h);
    }
  }
  if (index < params.images) {
    let plane = params.height * params.width;
    let at = (n * params.out_channels + o) * plane + row * params.width;
    store(at, o, a0, a1);
    store(at + plane, o + 1u, b0, b1);
    store(at + 2u * plane, o + 2u, c0, c1);
    store(at + 3u * plane, o + 3u, d0, d1);
    store(at + 4u * plane, o + 4u, e0, e1);
    store(at + 5u * plane, o + 5u, f0, f1);
    store(at + 6u * plane, o + 6u, g0, g1);
    store(at + 7u * plane, o + 7u, h0, h1);
  }
}
