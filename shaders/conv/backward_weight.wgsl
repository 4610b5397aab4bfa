// dweight[g,c,ky,kx,o] = sum over n, i, j of x[g,n,c, S i + ky, S j + kx] * dy[g,n,o,i,j]
//
// The gradient of a convolution by its weights: what `backward_weight_plain.wgsl` defines, by a sliding
// window.
//
// Layout: x [G,N,C,rows,row], beginning where the first window does, and dy [G,N,O,H,W] with a zero border
// of SHIFT, both in rows of whole vec4s; partials [G,P,C,TAPS,TAPS,O] dense, P sums over parts of the
// pairs of rows, which `conv5x5/reduce_weight.wgsl` adds up in a fixed order. With P = 1 this is dweight
// itself. No atomics: the same bits every run.
// Threads: one for a row of taps of a channel and 8 output channels. It slides along two rows of dy at a time: 4 columns of them and those of x that they saw. Workgroup y is
// the block of 8 output channels, workgroup z the network g and the part, so all lanes of a workgroup look
// at the same rows of dy. They read the same addresses, which a GPU does in one access.

const TAPS: u32 = 3; // tunable: 3 5
const STRIDE: u32 = 1; // tunable: 1 2
const SHIFT: u32 = 0; // tunable: 0 1 2 3
override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32, // of dy
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
  x_last: u32, // x's last vec4
  dy_row: u32,
  dy_plane: u32,
  strips: u32, // of 4 columns, in a row
  parts: u32, // P
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// As much of a row of x as 4 columns of dy have seen; `c` at stride 2 alone.
struct Row {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
}

// Past the last strip dy is 0, and x may be anything but nothing: no number times 0 is NaN.
fn x_at(at: u32) -> vec4<f32> {
  return x[min(at, params.x_last)];
}

// The columns on the right of those that row.a holds.
fn slide(row: ptr<function, Row>, at: u32) {
  (*row).b = x_at(at + 1u);
  if (STRIDE == 2u) {
    (*row).c = x_at(at + 2u);
  }
}

// The first of the next columns.
fn next(row: Row) -> Row {
  return Row(select(row.c, row.b, STRIDE == 1u), vec4<f32>(), vec4<f32>());
}

// The 4 values of x that met a tap.
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

// 4 columns of dy for 8 output channels: o..o+3 (low) and o+4..o+7 (high).
struct Columns {
  low0: vec4<f32>,
  low1: vec4<f32>,
  low2: vec4<f32>,
  low3: vec4<f32>,
  high0: vec4<f32>,
  high1: vec4<f32>,
  high2: vec4<f32>,
  high3: vec4<f32>,
}

// A tap's sums for 8 output channels.
struct Sums {
  low: vec4<f32>,
  high: vec4<f32>,
}

fn add(sums: ptr<function, Sums>, columns: vec4<f32>, dy: Columns) {
  (*sums).low += columns.x * dy.low0;
  (*sums).high += columns.x * dy.high0;
  (*sums).low += columns.y * dy.low1;
  (*sums).high += columns.y * dy.high1;
  (*sums).low += columns.z * dy.low2;
  (*sums).high += columns.z * dy.high2;
  (*sums).low += columns.w * dy.low3;
  (*sums).high += columns.w * dy.high3;
}

// A row of taps.
struct Taps {
  t0: Sums,
  t1: Sums,
  t2: Sums,
  t3: Sums,
  t4: Sums,
}

fn add_row(taps: ptr<function, Taps>, row: Row, dy: Columns) {
  var sums = (*taps).t0;
  add(&sums, tap0(row), dy);
  (*taps).t0 = sums;
  sums = (*taps).t1;
  add(&sums, tap1(row), dy);
  (*taps).t1 = sums;
  sums = (*taps).t2;
  add(&sums, tap2(row), dy);
  (*taps).t2 = sums;
  if (TAPS > 3u) {
    sums = (*taps).t3;
    add(&sums, tap3(row), dy);
    (*taps).t3 = sums;
    sums = (*taps).t4;
    add(&sums, tap4(row), dy);
    (*taps).t4 = sums;
  }
}

// 4 columns of a channel of dy, whose border is SHIFT wide.
fn columns_at(at: u32) -> vec4<f32> {
  let left = dy[at];
  if (SHIFT == 0u) {
    return left;
  }
  let right = dy[at + 1u];
  if (SHIFT == 1u) {
    return vec4<f32>(left.yzw, right.x);
  }
  if (SHIFT == 2u) {
    return vec4<f32>(left.zw, right.xy);
  }
  return vec4<f32>(left.w, right.xyz);
}

fn channels_at(at: u32) -> Columns {
  let step = params.dy_plane;
  let a = columns_at(at);
  let b = columns_at(at + step);
  let c = columns_at(at + 2u * step);
  let d = columns_at(at + 3u * step);
  let e = columns_at(at + 4u * step);
  let f = columns_at(at + 5u * step);
  let g = columns_at(at + 6u * step);
  let h = columns_at(at + 7u * step);
  return Columns(
    vec4<f32>(a.x, b.x, c.x, d.x),
    vec4<f32>(a.y, b.y, c.y, d.y),
    vec4<f32>(a.z, b.z, c.z, d.z),
    vec4<f32>(a.w, b.w, c.w, d.w),
    vec4<f32>(e.x, f.x, g.x, h.x),
    vec4<f32>(e.y, f.y, g.y, h.y),
    vec4<f32>(e.z, f.z, g.z, h.z),
    vec4<f32>(e.w, f.w, g.w, h.w),
  );
}

// Stores the sums of a tap, as many of the 8 as there are output channels.
fn store_tap(at: u32, o: u32, sums: Sums) {
  for (var k = 0u; k < 4u; k++) {
    if (o + k < params.out_channels) {
      partials[at + k] = sums.low[k];
    }
    if (o + 4u + k < params.out_channels) {
      partials[at + 4u + k] = sums.high[k];
    }
  }
}

fn store(row: u32, o: u32, taps: Taps) {
  let at = row * TAPS * params.out_channels + o;
  store_tap(at, o, taps.t0);
  store_tap(at + params.out_channels, o, taps.t1);
  store_tap(at + 2u * params.out_channels, o, taps.t2);
  if (TAPS > 3u) {
    store_tap(at + 3u * params.out_channels, o, taps.t3);
    store_tap(at + 4u * params.out_channels, o, taps.t4);
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let own = group.x * WORKGROUP_SIZE + local; // row of taps, c TAPS + ky
  if (own >= params.channels * TAPS) {
    return;
  }
  let own_x = own / TAPS * params.x_plane + own % TAPS * params.x_row;
  let o = group.y * 8u;
  let g = group.z / params.parts;
  let part = group.z % params.parts;

  var taps = Taps();
  let pairs_down = (params.height + 1u) / 2u;
  let pairs = params.images * pairs_down; // of rows of dy
  let begin = part * pairs / params.parts;
  let end = (part + 1u) * pairs / params.parts;
  var n = g * params.images + begin / pairs_down;
  var i = begin % pairs_down * 2u;
  for (var pair = begin; pair < end; pair++) {
    var at = n * params.channels * params.x_plane + STRIDE * i * params.x_row + own_x;
    let below = STRIDE * params.x_row; // to what the lower row of dy met
    var upper = Row(x_at(at), vec4<f32>(), vec4<f32>());
    var lower = Row(x_at(at + below), vec4<f32>(), vec4<f32>());
    var dy_at = (n * params.out_channels + o) * params.dy_plane + (i + SHIFT) * params.dy_row;
    for (var strip = 0u; strip < params.strips; strip++) {
      slide(&upper, at);
      slide(&lower, at + below);
      add_row(&taps, upper, channels_at(dy_at));
      if (i + 1u < params.height) {
        add_row(&taps, lower, channels_at(dy_at + params.dy_row));
      }
      upper = next(upper);
      lower = next(lower);
      at += STRIDE;
      dy_at++;
    }
    i += 2u;
    if (i >= params.height) {
      i = 0u;
      n++;
    }
  }
  store(group.z * params.channels * TAPS + own, o, taps);
}
