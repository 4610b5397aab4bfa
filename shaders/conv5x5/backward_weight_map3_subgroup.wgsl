// dweight[g,c,ky,kx,o] = sum over n, i, j of x[g,n,c, i+ky-2, j+kx-2] * dy[g,n,o,i,j]
//
// The gradient of the 5x5 convolution by its weights on maps of at most 3x3, where two thirds of all
// taps fall outside the map and none of those is computed: every pixel of x meets every pixel of dy
// through exactly one tap, 81 products instead of 225.
//
// Layout: x [G,N,C,H,W] and dy [G,N,O,H,W], H and W <= 3, with a zero border of 2; partials
// [G,S,C,5,5,O] dense, S sums over parts of the N images, which `reduce_weight.wgsl` adds up in a
// fixed order.
// Threads: one for a channel c, 4 output channels and all 25 taps: 100 sums. Workgroup x is the block
// of channels, y the block of 4 output channels, z the network g and the part, so all lanes need
// the same 36 values of dy. Each lane loads those of one output channel, and they go round by
// broadcast.
//
// Subgroups of 4 lanes or more. All lanes stay to the end (those past the last channel do it again
// and do not store), so that every lane that is asked for its dy is there.

enable subgroups;

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  x_row: u32, // from row to row of x
  x_plane: u32, // from channel to channel of x
  dy_row: u32,
  dy_plane: u32,
  parts: u32, // S
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn row_of(at: u32) -> vec3<f32> {
  return vec3<f32>(x[at], x[at + 1u], x[at + 2u]);
}

// What lanes 0 to 3 hold, each of an output channel of its own.
fn from_lanes(value: f32) -> vec4<f32> {
  return vec4<f32>(
    subgroupBroadcast(value, 0u),
    subgroupBroadcast(value, 1u),
    subgroupBroadcast(value, 2u),
    subgroupBroadcast(value, 3u),
  );
}

// Stores the sums of a tap, as many of the 4 as there are output channels.
fn store(at: u32, o: u32, sum: vec4<f32>) {
  for (var k = 0u; k < 4u; k++) {
    if (o + k < params.out_channels) {
      partials[at + k] = sum[k];
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
  let c = min(index, params.channels - 1u);
  let o = group.y * 4u;
  let g = group.z / params.parts;
  let part = group.z % params.parts;
  // The channel of dy that this invocation loads; past the last one the last, and nothing is stored.
  let own_o = min(o + (invocation & 3u), params.out_channels - 1u);

  // Sums of the 25 taps for 4 output channels.
  var tap0 = vec4<f32>();
  var tap1 = vec4<f32>();
  var tap2 = vec4<f32>();
  var tap3 = vec4<f32>();
  var tap4 = vec4<f32>();
  var tap5 = vec4<f32>();
  var tap6 = vec4<f32>();
  var tap7 = vec4<f32>();
  var tap8 = vec4<f32>();
  var tap9 = vec4<f32>();
  var tap10 = vec4<f32>();
  var tap11 = vec4<f32>();
  var tap12 = vec4<f32>();
  var tap13 = vec4<f32>();
  var tap14 = vec4<f32>();
  var tap15 = vec4<f32>();
  var tap16 = vec4<f32>();
  var tap17 = vec4<f32>();
  var tap18 = vec4<f32>();
  var tap19 = vec4<f32>();
  var tap20 = vec4<f32>();
  var tap21 = vec4<f32>();
  var tap22 = vec4<f32>();
  var tap23 = vec4<f32>();
  var tap24 = vec4<f32>();

  let end = g * params.images + (part + 1u) * params.images / params.parts;
  for (var n = g * params.images + part * params.images / params.parts; n < end; n++) {
    let x_at = (n * params.channels + c) * params.x_plane + 2u * params.x_row + 2u;
    let x0 = row_of(x_at);
    let x1 = row_of(x_at + params.x_row);
    let x2 = row_of(x_at + 2u * params.x_row);
    let dy_at = (n * params.out_channels + own_o) * params.dy_plane
      + 2u * params.dy_row + 2u;
    let dy0 = dy[dy_at];
    let dy1 = dy[dy_at + 1u];
    let dy2 = dy[dy_at + 2u];
    let dy3 = dy[dy_at + params.dy_row];
    let dy4 = dy[dy_at + params.dy_row + 1u];
    let dy5 = dy[dy_at + params.dy_row + 2u];
    let dy6 = dy[dy_at + 2u * params.dy_row];
    let dy7 = dy[dy_at + 2u * params.dy_row + 1u];
    let dy8 = dy[dy_at + 2u * params.dy_row + 2u];
    let pixel0 = from_lanes(dy0);
    tap12 += x0.x * pixel0;
    tap13 += x0.y * pixel0;
    tap14 += x0.z * pixel0;
    tap17 += x1.x * pixel0;
    tap18 += x1.y * pixel0;
    tap19 += x1.z * pixel0;
    tap22 += x2.x * pixel0;
    tap23 += x2.y * pixel0;
    tap24 += x2.z * pixel0;
    let pixel1 = from_lanes(dy1);
    tap11 += x0.x * pixel1;
    tap12 += x0.y * pixel1;
    tap13 += x0.z * pixel1;
    tap16 += x1.x * pixel1;
    tap17 += x1.y * pixel1;
    tap18 += x1.z * pixel1;
    tap21 += x2.x * pixel1;
    tap22 += x2.y * pixel1;
    tap23 += x2.z * pixel1;
    let pixel2 = from_lanes(dy2);
    tap10 += x0.x * pixel2;
    tap11 += x0.y * pixel2;
    tap12 += x0.z * pixel2;
    tap15 += x1.x * pixel2;
    tap16 += x1.y * pixel2;
    tap17 += x1.z * pixel2;
    tap20 += x2.x * pixel2;
    tap21 += x2.y * pixel2;
    tap22 += x2.z * pixel2;
    let pixel3 = from_lanes(dy3);
    tap7 += x0.x * pixel3;
    tap8 += x0.y * pixel3;
    tap9 += x0.z * pixel3;
    tap12 += x1.x * pixel3;
    tap13 += x1.y * pixel3;
    tap14 += x1.z * pixel3;
    tap17 += x2.x * pixel3;
    tap18 += x2.y * pixel3;
    tap19 += x2.z * pixel3;
    let pixel4 = from_lanes(dy4);
    tap6 += x0.x * pixel4;
    tap7 += x0.y * pixel4;
    tap8 += x0.z * pixel4;
    tap11 += x1.x * pixel4;
    tap12 += x1.y * pixel4;
    tap13 += x1.z * pixel4;
    tap16 += x2.x * pixel4;
    tap17 += x2.y * pixel4;
    tap18 += x2.z * pixel4;
    let pixel5 = from_lanes(dy5);
    tap5 += x0.x * pixel5;
    tap6 += x0.y * pixel5;
    tap7 += x0.z * pixel5;
    tap10 += x1.x * pixel5;
    tap11 += x1.y * pixel5;
    tap12 += x1.z * pixel5;
    tap15 += x2.x * pixel5;
    tap16 += x2.y * pixel5;
    tap17 += x2.z * pixel5;
    let pixel6 = from_lanes(dy6);
    tap2 += x0.x * pixel6;
    tap3 += x0.y * pixel6;
    tap4 += x0.z * pixel6;
    tap7 += x1.x * pixel6;
    tap8 += x1.y * pixel6;
    tap9 += x1.z * pixel6;
    tap12 += x2.x * pixel6;
    tap13 += x2.y * pixel6;
    tap14 += x2.z * pixel6;
    let pixel7 = from_lanes(dy7);
    tap1 += x0.x * pixel7;
    tap2 += x0.y * pixel7;
    tap3 += x0.z * pixel7;
    tap6 += x1.x * pixel7;
    tap7 += x1.y * pixel7;
    tap8 += x1.z * pixel7;
    tap11 += x2.x * pixel7;
    tap12 += x2.y * pixel7;
    tap13 += x2.z * pixel7;
    let pixel8 = from_lanes(dy8);
    tap0 += x0.x * pixel8;
    tap1 += x0.y * pixel8;
    tap2 += x0.z * pixel8;
    tap5 += x1.x * pixel8;
    tap6 += x1.y * pixel8;
    tap7 += x1.z * pixel8;
    tap10 += x2.x * pixel8;
    tap11 += x2.y * pixel8;
    tap12 += x2.z * pixel8;
  }
  if (index < params.channels) {
    let step = params.out_channels; // from tap to tap
    let at = (group.z * params.channels + c) * 25u * step + o;
    store(at, o, tap0);
    store(at + step, o, tap1);
    store(at + 2u * step, o, tap2);
    store(at + 3u * step, o, tap3);
    store(at + 4u * step, o, tap4);
    store(at + 5u * step, o, tap5);
    store(at + 6u * step, o, tap6);
    store(at + 7u * step, o, tap7);
    store(at + 8u * step, o, tap8);
    store(at + 9u * step, o, tap9);
    store(at + 10u * step, o, tap10);
    store(at + 11u * step, o, tap11);
    store(at + 12u * step, o, tap12);
    store(at + 13u * step, o, tap13);
    store(at + 14u * step, o, tap14);
    store(at + 15u * step, o, tap15);
    store(at + 16u * step, o, tap16);
    store(at + 17u * step, o, tap17);
    store(at + 18u * step, o, tap18);
    store(at + 19u * step, o, tap19);
    store(at + 20u * step, o, tap20);
    store(at + 21u * step, o, tap21);
    store(at + 22u * step, o, tap22);
    store(at + 23u * step, o, tap23);
    store(at + 24u * step, o, tap24);
  }
}
