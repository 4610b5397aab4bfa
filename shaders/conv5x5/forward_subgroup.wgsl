// y[g,n,o,i,j] = sum over c, ky, kx of x[g,n,c, i+ky-2, j+kx-2] * weight[g,c,ky,kx,o]
//
// The 5x5 convolution with register tiles, weights handed round in the subgroup. What
// `forward_plain.wgsl` defines, faster. Flipped weights and dy in place of x give dx: it is also
// the gradient by the input (see `flip_weights.wgsl`).
//
// Layout: x [G,N,C,H,W] with a zero border of 2 and rows of whole vec4s, so that no tap needs a
// test; weight [G,C,5,5,O], the output channel innermost; y [G,N,O,H,W] dense.
// Threads: one for a tile of 4 columns, 2 rows and 8 output channels: 64 sums in registers. A row of
// 8 values of x serves all 5 horizontal taps of 4 columns, and the lower row of one row of taps is
// the upper row of the next. Workgroup y is the block of 8 output channels, workgroup z the network
// g; so all lanes of a subgroup need the same 40 weights for a row of taps. Two vec4s a lane hold
// them, and they go round by broadcast: a register move instead of a load.
//
// Subgroups of 8 lanes or more; O a multiple of 4. All lanes stay to the end (those past the last tile
// do it again and do not store), so that every lane that is asked for a weight is there.

enable subgroups;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32,
  width: u32,
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
  tiles_across: u32,
  tiles_down: u32,
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

// 4 columns of y from the 8 columns of x that they see, through a row of taps.
fn through(left: vec4<f32>, right: vec4<f32>, taps: Taps) -> vec4<f32> {
  return left * taps.w0
    + vec4<f32>(left.yzw, right.x) * taps.w1
    + vec4<f32>(left.zw, right.xy) * taps.w2
    + vec4<f32>(left.w, right.xyz) * taps.w3
    + right * taps.w4;
}

// A row of taps for one of output channels o..o+3 (low) and o+4..o+7 (high), from the lanes that hold it.
fn taps_low(w: f32, w4: f32) -> Taps {
  return Taps(
    subgroupBroadcast(w, 0u),
    subgroupBroadcast(w, 2u),
    subgroupBroadcast(w, 4u),
    subgroupBroadcast(w, 6u),
    subgroupBroadcast(w4, 0u),
  );
}

fn taps_high(w: f32, w4: f32) -> Taps {
  return Taps(
    subgroupBroadcast(w, 1u),
    subgroupBroadcast(w, 3u),
    subgroupBroadcast(w, 5u),
    subgroupBroadcast(w, 7u),
    subgroupBroadcast(w4, 1u),
  );
}

// Stores the part of 4 columns that lies inside the map.
fn store(row: u32, column: u32, o: u32, n: u32, sum: vec4<f32>) {
  if (row >= params.height || o >= params.out_channels) {
    return;
  }
  let at = ((n * params.out_channels + o) * params.height + row) * params.width + column;
  y[at] = sum.x;
  if (column + 1u < params.width) {
    y[at + 1u] = sum.y;
  }
  if (column + 2u < params.width) {
    y[at + 2u] = sum.z;
  }
  if (column + 3u < params.width) {
    y[at + 3u] = sum.w;
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let tiles = params.images * params.tiles_down * params.tiles_across;
  let index = group.x * 64u + local;
  let tile = min(index, tiles - 1u);
  let column = tile % params.tiles_across * 4u;
  let row = tile / params.tiles_across % params.tiles_down * 2u;
  let n = group.z * params.images + tile / (params.tiles_across * params.tiles_down);
  let o = group.y * 8u;

  // A letter for each output channel, 0 and 1 for the two rows.
  var a0 = vec4<f32>();
  var a1 = vec4<f32>();
  var b0 = vec4<f32>();
  var b1 = vec4<f32>();
  var c0 = vec4<f32>();
  var c1 = vec4<f32>();
  var d0 = vec4<f32>();
  var d1 = vec4<f32>();
  var e0 = vec4<f32>();
  var e1 = vec4<f32>();
  var f0 = vec4<f32>();
  var f1 = vec4<f32>();
  var g0 = vec4<f32>();
  var g1 = vec4<f32>();
  var h0 = vec4<f32>();
  var h1 = vec4<f32>();

  let lane = invocation & 7u;
  let step = params.out_channels / 4u; // from tap to tap, in vec4s
  // Lanes 0 1 hold tap 0 for output channels o..o+3 and o+4..o+7, lanes 2 3 tap 1, and so on.
  // Past the last output channel and row stand the last ones once more: their sums are not stored.
  let rows = (params.height + 3u - row) * params.x_row;
  var from_weight = group.z * params.channels * 25u * step + min(o / 4u + (lane & 1u), step - 1u);
  let tap = (lane >> 1u) * step;
  var from_x = n * params.channels * params.x_plane + row * params.x_row + column / 4u;
  for (var channel = 0u; channel < params.channels; channel++) {
    var at = from_x;
    var left0 = x[at];
    var right0 = x[at + 1u];
    for (var ky = 0u; ky < 5u; ky++) {
      let w = weight[from_weight + tap]; // taps 0 to 3
      let w4 = weight[from_weight + 4u * step];
      at = min(at + params.x_row, from_x + rows);
      let left1 = x[at];
      let right1 = x[at + 1u];
      let a = taps_low(w.x, w4.x);
      a0 += through(left0, right0, a);
      a1 += through(left1, right1, a);
      let b = taps_low(w.y, w4.y);
      b0 += through(left0, right0, b);
      b1 += through(left1, right1, b);
      let c = taps_low(w.z, w4.z);
      c0 += through(left0, right0, c);
      c1 += through(left1, right1, c);
      let d = taps_low(w.w, w4.w);
      d0 += through(left0, right0, d);
      d1 += through(left1, right1, d);
      let e = taps_high(w.x, w4.x);
      e0 += through(left0, right0, e);
      e1 += through(left1, right1, e);
      let f = taps_high(w.y, w4.y);
      f0 += through(left0, right0, f);
      f1 += through(left1, right1, f);
      let g = taps_high(w.z, w4.z);
      g0 += through(left0, right0, g);
      g1 += through(left1, right1, g);
      let h = taps_high(w.w, w4.w);
      h0 += through(left0, right0, h);
      h1 += through(left1, right1, h);
      from_weight += 5u * step;
      left0 = left1;
      right0 = right1;
    }
    from_x += params.x_plane;
  }
  if (index < tiles) {
    store(row, column, o, n, a0);
    store(row + 1u, column, o, n, a1);
    store(row, column, o + 1u, n, b0);
    store(row + 1u, column, o + 1u, n, b1);
    store(row, column, o + 2u, n, c0);
    store(row + 1u, column, o + 2u, n, c1);
    store(row, column, o + 3u, n, d0);
    store(row + 1u, column, o + 3u, n, d1);
    store(row, column, o + 4u, n, e0);
    store(row + 1u, column, o + 4u, n, e1);
    store(row, column, o + 5u, n, f0);
    store(row + 1u, column, o + 5u, n, f1);
    store(row, column, o + 6u, n, g0);
    store(row + 1u, column, o + 6u, n, g1);
    store(row, column, o + 7u, n, h0);
    store(row + 1u, column, o + 7u, n, h1);
  }
}
