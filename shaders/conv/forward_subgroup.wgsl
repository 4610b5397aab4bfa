// y[g,n,o,i,j] = bias[g,o] + sum over c, ky, kx of x[g,n,c, S i + ky, S j + kx] * weight[g,c,ky,kx,o]
//
// A convolution with a square window and stride S, with register tiles and weights handed round in the
// subgroup: what `forward_plain.wgsl` defines, faster. It knows no padding: x begins where the first
// window does, with its zeros around it (see `frame.wgsl`). Flipped weights and dy in place of x give dx
// (see `flip_weights.wgsl`).
//
// Layout: x [G,N,C,rows,row] in rows of whole vec4s; weight [G,C,TAPS,TAPS,O], the output channel
// innermost; bias [G,O]; y [G,N,O / PHASES^2,H,W] dense. With PHASES 2, four channels of the sum make one
// of y: its pixels in even and odd rows and columns, less `top` and `left` of them. That is the gradient
// by the input at stride 2.
// Threads: one for a tile of 4 columns, 2 rows and 8 output channels: 64 sums in registers. A row of x
// serves all taps across; at stride 1 the lower row for one row of taps is the upper one for the next.
// Workgroup y is the block of 8 output channels, workgroup z the network g; so all lanes of a subgroup
// need the same weights. Each loads 4 of them or 8, and they go round by broadcast: a register move
// instead of a load.
//
// Subgroups of LANES lanes or more; O a multiple of 4. All lanes stay to the end (those past the last tile
// do it again and do not store), so that every lane that is asked for a weight is there.

enable subgroups;

const TAPS: u32 = 3; // tunable: 2 3 5
const STRIDE: u32 = 1; // tunable: 1 2
const LANES: u32 = 8; // tunable: 4 8
const PHASES: u32 = 1; // tunable: 1 2
override HAS_BIAS: u32 = 0;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32, // of y
  width: u32,
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
  tiles_across: u32,
  tiles_down: u32,
  top: u32,
  left: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// As much of a row of x as 4 columns of y see; `c` at stride 2 alone.
struct Row {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
}

fn row_at(at: u32) -> Row {
  var row = Row(x[at], x[at + 1u], vec4<f32>());
  if (STRIDE == 2u) {
    row.c = x[at + 2u];
  }
  return row;
}

// The 4 values that meet a tap.
fn tap0(row: Row) -> vec4<f32> {
  return select(vec4<f32>(row.a.xz, row.b.xz), row.a, STRIDE == 1u);
}

fn tap1(row: Row) -> vec4<f32> {
  return select(vec4<f32>(row.a.yw, row.b.yw), vec4<f32>(row.a.yzw, row.b.x), STRIDE == 1u);
}

fn tap2(row: Row) -> vec4<f32> {
  return select(vec4<f32>(row.a.z, row.b.xz, row.c.x), vec4<f32>(row.a.zw, row.b.xy), STRIDE == 1u);
}

fn tap3(row: Row) -> vec4<f32> {
  return select(vec4<f32>(row.a.w, row.b.yw, row.c.y), vec4<f32>(row.a.w, row.b.xyz), STRIDE == 1u);
}

fn tap4(row: Row) -> vec4<f32> {
  return select(vec4<f32>(row.b.xz, row.c.xz), row.b, STRIDE == 1u);
}

// 4 columns of 8 output channels.
struct Sums {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
  e: vec4<f32>,
  f: vec4<f32>,
  g: vec4<f32>,
  h: vec4<f32>,
}

fn add(sums: ptr<function, Sums>, columns: vec4<f32>, low: vec4<f32>, high: vec4<f32>) {
  (*sums).a += columns * low.x;
  (*sums).b += columns * low.y;
  (*sums).c += columns * low.z;
  (*sums).d += columns * low.w;
  (*sums).e += columns * high.x;
  (*sums).f += columns * high.y;
  (*sums).g += columns * high.z;
  (*sums).h += columns * high.w;
}

// Stores the part of 4 columns that lies inside the map.
fn store_channel(row: u32, column: u32, o: u32, n: u32, sums: vec4<f32>) {
  let channel = o / (PHASES * PHASES);
  let channels = params.out_channels / (PHASES * PHASES);
  // Unsigned: what lies above or left of the map wraps round, and so lies outside of it.
  let i = row * PHASES + o / PHASES % PHASES - params.top;
  if (i >= params.height || o >= params.out_channels) {
    return;
  }
  var sum = sums;
  if (HAS_BIAS != 0u) {
    sum += bias[n / params.images * channels + channel];
  }
  let at = ((n * channels + channel) * params.height + i) * params.width;
  let j = column * PHASES + o % PHASES - params.left;
  if (j < params.width) {
    y[at + j] = sum.x;
  }
  if (j + PHASES < params.width) {
    y[at + j + PHASES] = sum.y;
  }
  if (j + 2u * PHASES < params.width) {
    y[at + j + 2u * PHASES] = sum.z;
  }
  if (j + 3u * PHASES < params.width) {
    y[at + j + 3u * PHASES] = sum.w;
  }
}

fn store(row: u32, column: u32, o: u32, n: u32, sums: Sums) {
  store_channel(row, column, o, n, sums.a);
  store_channel(row, column, o + 1u, n, sums.b);
  store_channel(row, column, o + 2u, n, sums.c);
  store_channel(row, column, o + 3u, n, sums.d);
  store_channel(row, column, o + 4u, n, sums.e);
  store_channel(row, column, o + 5u, n, sums.f);
  store_channel(row, column, o + 6u, n, sums.g);
  store_channel(row, column, o + 7u, n, sums.h);
}

// Where the weights of tap 2 lie: behind those of taps 0 and 1, in the same vec4s or in the next.
const TAP2: u32 = 4u % LANES;

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

  var sums0 = Sums();
  var sums1 = Sums();

  let lane = invocation & (LANES - 1u);
  let step = params.out_channels / 4u; // from tap to tap, in vec4s
  // Lanes 0 1 hold tap 0 for output channels o..o+3 and o+4..o+7, lanes 2 3 tap 1, and so on.
  var from_weight =
    group.z * params.channels * TAPS * TAPS * step + o / 4u + (lane & 1u) + (lane >> 1u) * step;
  var from_x =
    n * params.channels * params.x_plane + STRIDE * row * params.x_row + STRIDE * column / 4u;
  for (var channel = 0u; channel < params.channels; channel++) {
    var at = from_x;
    var x0 = row_at(at);
    var x1 = x0;
    for (var ky = 0u; ky < TAPS; ky++) {
      let w01 = weight[from_weight];
      var w23 = w01;
      if (TAPS > 2u && LANES == 4u) {
        w23 = weight[from_weight + 2u * step];
      }
      var w4 = w01;
      if (TAPS > 4u) {
        w4 = weight[from_weight + 4u * step];
      }
      if (STRIDE == 2u) {
        x0 = row_at(at);
      }
      x1 = row_at(at + STRIDE * params.x_row);
      let low0 = subgroupBroadcast(w01, 0u);
      let high0 = subgroupBroadcast(w01, 1u);
      add(&sums0, tap0(x0), low0, high0);
      add(&sums1, tap0(x1), low0, high0);
      let low1 = subgroupBroadcast(w01, 2u);
      let high1 = subgroupBroadcast(w01, 3u);
      add(&sums0, tap1(x0), low1, high1);
      add(&sums1, tap1(x1), low1, high1);
      if (TAPS > 2u) {
        let low = subgroupBroadcast(w23, TAP2);
        let high = subgroupBroadcast(w23, TAP2 + 1u);
        add(&sums0, tap2(x0), low, high);
        add(&sums1, tap2(x1), low, high);
      }
      if (TAPS > 4u) {
        let low3 = subgroupBroadcast(w23, TAP2 + 2u);
        let high3 = subgroupBroadcast(w23, TAP2 + 3u);
        add(&sums0, tap3(x0), low3, high3);
        add(&sums1, tap3(x1), low3, high3);
        let low4 = subgroupBroadcast(w4, 0u);
        let high4 = subgroupBroadcast(w4, 1u);
        add(&sums0, tap4(x0), low4, high4);
        add(&sums1, tap4(x1), low4, high4);
      }
      from_weight += TAPS * step;
      at += params.x_row;
      x0 = x1;
    }
    from_x += params.x_plane;
  }
  if (index < tiles) {
    store(row, column, o, n, sums0);
    store(row + 1u, column, o, n, sums1);
  }
}
