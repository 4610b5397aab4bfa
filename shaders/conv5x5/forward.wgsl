// y[g,n,o,i,j] = sum over c, ky, kx of x[g,n,c, i+ky-2, j+kx-2] * weight[g,c,ky,kx,o]
//
// The 5x5 convolution with register tiles: what `forward_plain.wgsl` defines, faster. Flipped
// weights and dy in place of x give dx: it is also the gradient by the input (see
// `flip_weights.wgsl`).
//
// Layout: x [G,N,C,H,W] with a zero border of 2 and rows of whole vec4s, so that no tap needs a
// test; weight [G,C,5,5,O], the output channel innermost; y [G,N,O,H,W] dense.
// Threads: one for a tile of 4 columns, 2 rows and 8 output channels: 64 sums in registers. A row of
// 8 values of x serves all 5 horizontal taps of 4 columns, and the lower row of one row of taps is
// the upper row of the next. Workgroup y is the block of 8 output channels, workgroup z the network
// g; so all lanes read the same weights, which a GPU does in one access. On software adapters a load
// costs 10 to 20 multiplications; here 48 numbers loaded serve 320.

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

fn taps_at(at: u32) -> Taps {
  let step = params.out_channels; // from tap to tap
  return Taps(
    weight[at],
    weight[at + step],
    weight[at + 2u * step],
    weight[at + 3u * step],
    weight[at + 4u * step],
  );
}

// 4 columns of y from the 8 columns of x that they see, through a row of taps.
fn through(left: vec4<f32>, right: vec4<f32>, taps: Taps) -> vec4<f32> {
  return left * taps.w0
    + vec4<f32>(left.yzw, right.x) * taps.w1
    + vec4<f32>(left.zw, right.xy) * taps.w2
    + vec4<f32>(left.w, right.xyz) * taps.w3
    + right * taps.w4;
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
) {
  let tiles = params.images * params.tiles_down * params.tiles_across;
  let index = group.x * 64u + local;
  if (index >= tiles) {
    return;
  }
  let column = index % params.tiles_across * 4u;
  let row = index / params.tiles_across % params.tiles_down * 2u;
  let n = group.z * params.images + index / (params.tiles_across * params.tiles_down);
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

  // Past the last row stands the last one once more: its sums are not stored. Weights past the last output channel are
  // whatever follows: to hold them back costs software adapters a tenth of the speed and more.
  let rows = (params.height + 3u - row) * params.x_row;
  var from_weight = group.z * params.channels * 25u * params.out_channels + o;
  var from_x = n * params.channels * params.x_plane + row * params.x_row + column / 4u;
  for (var channel = 0u; channel < params.channels; channel++) {
    var at = from_x;
    var left0 = x[at];
    var right0 = x[at + 1u];
    for (var ky = 0u; ky < 5u; ky++) {
      at = min(at + params.x_row, from_x + rows);
      let left1 = x[at];
      let right1 = x[at + 1u];
      let a = taps_at(from_weight);
      a0 += through(left0, right0, a);
      a1 += through(left1, right1, a);
      let b = taps_at(from_weight + 1u);
      b0 += through(left0, right0, b);
      b1 += through(left1, right1, b);
      let c = taps_at(from_weight + 2u);
      c0 += through(left0, right0, c);
      c1 += through(left1, right1, c);
      let d = taps_at(from_weight + 3u);
      d0 += through(left0, right0, d);
      d1 += through(left1, right1, d);
      let e = taps_at(from_weight + 4u);
      e0 += through(left0, right0, e);
      e1 += through(left1, right1, e);
      let f = taps_at(from_weight + 5u);
      f0 += through(left0, right0, f);
      f1 += through(left1, right1, f);
      let g = taps_at(from_weight + 6u);
      g0 += through(left0, right0, g);
      g1 += through(left1, right1, g);
      let h = taps_at(from_weight + 7u);
      h0 += through(left0, right0, h);
      h1 += through(left1, right1, h);
      from_weight += 5u * params.out_channels;
      left0 = left1;
      right0 = right1;
    }
    from_x += params.x_plane;
  }
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
