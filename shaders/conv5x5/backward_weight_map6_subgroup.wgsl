// dweight[g,c,ky,kx,o] = sum over n, i, j of x[g,n,c, i+ky-2, j+kx-2] * dy[g,n,o,i,j]
//
// The gradient of the 5x5 convolution by its weights on maps of at most 6 columns: as
// `backward_weight_subgroup.wgsl`, but a third of the taps of such a map fall outside it, and none
// of those is computed.
//
// Layout: x [G,N,C,H,W] and dy [G,N,O,H,W], W <= 6, with a zero border of 2 and rows of whole vec4s;
// partials [G,S,C,5,5,O] dense, S sums over parts of the N images, which `reduce_weight.wgsl` adds
// up in a fixed order.
// Threads: one for a channel c, a row of taps ky, 8 output channels and all 5 kx: 40 sums in
// registers. Workgroup x is ky and the block of channels, so that the rows that ky meets are the
// same for all lanes; y is the block of 8 output channels, z the network g and the part. Each lane
// loads dy for two of the 8 output channels, and it goes round by broadcast.
//
// Subgroups of 4 lanes or more. All lanes stay to the end (those past the last channel do it again
// and do not store), so that every lane that is asked for its dy is there.

enable subgroups;

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32,
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
  dy_row: u32,
  dy_plane: u32,
  parts: u32, // S
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// What lanes 0 to 3 hold, each of an output channel of its own.
fn from_lanes(value: f32) -> vec4<f32> {
  return vec4<f32>(
    subgroupBroadcast(value, 0u),
    subgroupBroadcast(value, 1u),
    subgroupBroadcast(value, 2u),
    subgroupBroadcast(value, 3u),
  );
}

// Stores the sums of a tap, as many of the 8 as there are output channels.
fn store(at: u32, o: u32, low: vec4<f32>, high: vec4<f32>) {
  for (var k = 0u; k < 4u; k++) {
    if (o + k < params.out_channels) {
      partials[at + k] = low[k];
    }
    if (o + 4u + k < params.out_channels) {
      partials[at + 4u + k] = high[k];
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let ky = group.x % 5u;
  let index = group.x / 5u * WORKGROUP_SIZE + local;
  let c = min(index, params.channels - 1u);
  let o = group.y * 8u;
  let g = group.z / params.parts;
  let part = group.z % params.parts;
  // The channel of dy that this invocation loads; past the last one the last, and nothing is stored.
  let own_o = min(o + (invocation & 3u), params.out_channels - 1u);
  let to_high = (min(own_o + 4u, params.out_channels - 1u) - own_o) * params.dy_plane;

  // Sums of tap kx for output channels o..o+3 (low) and o+4..o+7 (high).
  var low0 = vec4<f32>();
  var high0 = vec4<f32>();
  var low1 = vec4<f32>();
  var high1 = vec4<f32>();
  var low2 = vec4<f32>();
  var high2 = vec4<f32>();
  var low3 = vec4<f32>();
  var high3 = vec4<f32>();
  var low4 = vec4<f32>();
  var high4 = vec4<f32>();

  // Rows of dy whose tap lies inside the map: 0 <= i + ky - 2 < height.
  let first_row = max(ky, 2u) - ky;
  let end_row = max(params.height + 2u, max(ky, 2u)) - max(ky, 2u);
  let end = g * params.images + (part + 1u) * params.images / params.parts;
  for (var n = g * params.images + part * params.images / params.parts; n < end; n++) {
    let from_x = (n * params.channels + c) * params.x_plane + ky * params.x_row;
    let from_dy =
      (n * params.out_channels + own_o) * params.dy_plane + 2u * params.dy_row;
    for (var i = first_row; i < end_row; i++) {
      let x_at = from_x + i * params.x_row;
      let dy_at = from_dy + i * params.dy_row;
      let p = x[x_at]; // two of the border, columns 0 1
      let q = x[x_at + 1u]; // columns 2 3 4 5
      let dy_p_low = dy[dy_at];
      let dy_q_low = dy[dy_at + 1u];
      let dy_p_high = dy[dy_at + to_high];
      let dy_q_high = dy[dy_at + to_high + 1u];
      let dy_low0 = from_lanes(dy_p_low.z);
      let dy_high0 = from_lanes(dy_p_high.z);
      low2 += p.z * dy_low0;
      high2 += p.z * dy_high0;
      low3 += p.w * dy_low0;
      high3 += p.w * dy_high0;
      low4 += q.x * dy_low0;
      high4 += q.x * dy_high0;
      let dy_low1 = from_lanes(dy_p_low.w);
      let dy_high1 = from_lanes(dy_p_high.w);
      low1 += p.z * dy_low1;
      high1 += p.z * dy_high1;
      low2 += p.w * dy_low1;
      high2 += p.w * dy_high1;
      low3 += q.x * dy_low1;
      high3 += q.x * dy_high1;
      low4 += q.y * dy_low1;
      high4 += q.y * dy_high1;
      let dy_low2 = from_lanes(dy_q_low.x);
      let dy_high2 = from_lanes(dy_q_high.x);
      low0 += p.z * dy_low2;
      high0 += p.z * dy_high2;
      low1 += p.w * dy_low2;
      high1 += p.w * dy_high2;
      low2 += q.x * dy_low2;
      high2 += q.x * dy_high2;
      low3 += q.y * dy_low2;
      high3 += q.y * dy_high2;
      low4 += q.z * dy_low2;
      high4 += q.z * dy_high2;
      let dy_low3 = from_lanes(dy_q_low.y);
      let dy_high3 = from_lanes(dy_q_high.y);
      low0 += p.w * dy_low3;
      high0 += p.w * dy_high3;
      low1 += q.x * dy_low3;
      high1 += q.x * dy_high3;
      low2 += q.y * dy_low3;
      high2 += q.y * dy_high3;
      low3 += q.z * dy_low3;
      high3 += q.z * dy_high3;
      low4 += q.w * dy_low3;
      high4 += q.w * dy_high3;
      let dy_low4 = from_lanes(dy_q_low.z);
      let dy_high4 = from_lanes(dy_q_high.z);
      low0 += q.x * dy_low4;
      high0 += q.x * dy_high4;
      low1 += q.y * dy_low4;
      high1 += q.y * dy_high4;
      low2 += q.z * dy_low4;
      high2 += q.z * dy_high4;
      low3 += q.w * dy_low4;
      high3 += q.w * dy_high4;
      let dy_low5 = from_lanes(dy_q_low.w);
      let dy_high5 = from_lanes(dy_q_high.w);
      low0 += q.y * dy_low5;
      high0 += q.y * dy_high5;
      low1 += q.z * dy_low5;
      high1 += q.z * dy_high5;
      low2 += q.w * dy_low5;
      high2 += q.w * dy_high5;
    }
  }
  if (index < params.channels) {
    let at = (((group.z * params.channels + c) * 5u + ky) * 5u) * params.out_channels + o;
    store(at, o, low0, high0);
    store(at + params.out_channels, o, low1, high1);
    store(at + 2u * params.out_channels, o, low2, high2);
    store(at + 3u * params.out_channels, o, low3, high3);
    store(at + 4u * params.out_channels, o, low4, high4);
  }
}
