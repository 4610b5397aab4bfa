// dweight[g,c,ky,kx,o] = sum over n, i, j of x[g,n,c, S i + ky, S j + kx] * dy[g,n,o,i,j]
//
// The gradient of a convolution by its weights: what `backward_weight_plain.wgsl` defines, by a sliding
// window, with dy handed round in the subgroup.
//
// Layout: x [G,N,C,rows,row], beginning where the first window does, and dy [G,N,O,H,W] with a zero border
// of SHIFT, both in rows of whole vec4s; partials [G,P,C,TAPS,TAPS,O] dense, P sums over parts of the
// pairs of rows, which `conv5x5/reduce_weight.wgsl` adds up in a fixed order. With P = 1 this is dweight
// itself. No atomics: the same bits every run.
// Threads: one for ROWS rows of taps of a channel (all 3 of a 3x3 window, or one) and 8 output channels. It slides along
// two rows of dy at a time: 4 columns of them and those of x that they saw. Workgroup y is the block of
// 8 output channels, workgroup z the network g and the part, so all lanes of a workgroup look at the same
// rows of dy. Each loads dy for 8 / LANES of the output channels, and it goes round by broadcast: a
// register move instead of a load.
//
// Subgroups of LANES lanes or more. All lanes stay to the end (those past the last channel do it again
// and do not store), so that every lane that is asked for its dy is there.

enable subgroups;

const TAPS: u32 = 3; // tunable: 3 5
const STRIDE: u32 = 1; // tunable: 1 2
const ROWS: u32 = 3; // tunable: 1 3
const LANES: u32 = 8; // tunable: 4 8
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

// A column of dy from the lanes that hold it.
fn gather4(own: f32) -> vec4<f32> {
  return vec4<f32>(
    subgroupBroadcast(own, 0u),
    subgroupBroadcast(own, 1u),
    subgroupBroadcast(own, 2u),
    subgroupBroadcast(own, 3u),
  );
}

const FIFTH: u32 = 4u % LANES;

fn gather8(own: f32) -> vec4<f32> {
  return vec4<f32>(
    subgroupBroadcast(own, FIFTH),
    subgroupBroadcast(own, FIFTH + 1u),
    subgroupBroadcast(own, FIFTH + 2u),
    subgroupBroadcast(own, FIFTH + 3u),
  );
}

fn handed_round(own: vec4<f32>, own4: vec4<f32>) -> Columns {
  return Columns(
    gather4(own.x),
    gather4(own.y),
    gather4(own.z),
    gather4(own.w),
    gather8(own4.x),
    gather8(own4.y),
    gather8(own4.z),
    gather8(own4.w),
  );
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

// 4 columns of dy, whose border is SHIFT wide.
fn shifted(left: vec4<f32>, right: vec4<f32>) -> vec4<f32> {
  if (SHIFT == 1u) {
    return vec4<f32>(left.yzw, right.x);
  }
  if (SHIFT == 2u) {
    return vec4<f32>(left.zw, right.xy);
  }
  if (SHIFT == 3u) {
    return vec4<f32>(left.w, right.xyz);
  }
  return left;
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
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let index = group.x * WORKGROUP_SIZE + local;
  let threads = params.channels * TAPS / ROWS;
  let first = min(index, threads - 1u) * ROWS; // row of taps, c TAPS + ky
  let own_x = first / TAPS * params.x_plane + first % TAPS * params.x_row;
  let o = group.y * 8u;
  let g = group.z / params.parts;
  let part = group.z % params.parts;
  let lane = invocation & (LANES - 1u);

  var taps0 = Taps();
  var taps1 = Taps();
  var taps2 = Taps();
  let pairs_down = (params.height + 1u) / 2u;
  let pairs = params.images * pairs_down; // of rows of dy
  let begin = part * pairs / params.parts;
  let end = (part + 1u) * pairs / params.parts;
  var n = g * params.images + begin / pairs_down;
  var i = begin % pairs_down * 2u;
  for (var pair = begin; pair < end; pair++) {
    // Rows of x: those of taps 0 to 2 for the upper row of dy, and as many, STRIDE below, for the lower.
    var at = n * params.channels * params.x_plane + STRIDE * i * params.x_row + own_x;
    var x0 = Row(x_at(at), vec4<f32>(), vec4<f32>());
    var x1 = Row(x_at(at + select(1u, STRIDE, ROWS == 1u) * params.x_row), vec4<f32>(), vec4<f32>());
    var x2 = x0;
    var x3 = x0;
    var x4 = x0;
    if (ROWS > 1u) {
      x2.a = x_at(at + 2u * params.x_row);
      x3.a = x_at(at + 3u * params.x_row);
      if (STRIDE == 2u) {
        x4.a = x_at(at + 4u * params.x_row);
      }
    }
    var dy_at =
      (n * params.out_channels + o + lane) * params.dy_plane + (i + SHIFT) * params.dy_row;
    let below = i + 1u < params.height; // else there is no lower row
    var upper = dy[dy_at];
    var lower = dy[dy_at + params.dy_row];
    var upper4 = upper;
    var lower4 = lower;
    if (LANES == 4u) {
      upper4 = dy[dy_at + 4u * params.dy_plane];
      lower4 = dy[dy_at + 4u * params.dy_plane + params.dy_row];
    }
    for (var strip = 0u; strip < params.strips; strip++) {
      slide(&x0, at);
      slide(&x1, at + select(1u, STRIDE, ROWS == 1u) * params.x_row);
      if (ROWS > 1u) {
        slide(&x2, at + 2u * params.x_row);
        slide(&x3, at + 3u * params.x_row);
        if (STRIDE == 2u) {
          slide(&x4, at + 4u * params.x_row);
        }
      }
      at += STRIDE;
      dy_at++;
      {
        let right = dy[dy_at];
        let own = shifted(upper, right);
        upper = right;
        var own4 = own;
        if (LANES == 4u) {
          let right4 = dy[dy_at + 4u * params.dy_plane];
          own4 = shifted(upper4, right4);
          upper4 = right4;
        }
        let columns = handed_round(own, own4);
        add_row(&taps0, x0, columns);
        if (ROWS > 1u) {
          add_row(&taps1, x1, columns);
          add_row(&taps2, x2, columns);
        }
      }
      {
        let right = dy[dy_at + params.dy_row];
        let own = select(vec4<f32>(), shifted(lower, right), below);
        lower = right;
        var own4 = own;
        if (LANES == 4u) {
          let right4 = dy[dy_at + 4u * params.dy_plane + params.dy_row];
          own4 = select(vec4<f32>(), shifted(lower4, right4), below);
          lower4 = right4;
        }
        let columns = handed_round(own, own4);
        if (ROWS == 1u) {
          add_row(&taps0, x1, columns);
        } else if (STRIDE == 1u) {
          add_row(&taps0, x1, columns);
          add_row(&taps1, x2, columns);
          add_row(&taps2, x3, columns);
        } else {
          add_row(&taps0, x2, columns);
          add_row(&taps1, x3, columns);
          add_row(&taps2, x4, columns);
        }
      }
      x0 = next(x0);
      x1 = next(x1);
      if (ROWS > 1u) {
        x2 = next(x2);
        x3 = next(x3);
        if (STRIDE == 2u) {
          x4 = next(x4);
        }
      }
    }
    i += 2u;
    if (i >= params.height) {
      i = 0u;
      n++;
    }
  }
  if (index < threads) {
    let row = group.z * params.channels * TAPS + first;
    store(row, o, taps0);
    if (ROWS > 1u) {
      store(row + 1u, o, taps1);
      store(row + 2u, o, taps2);
    }
  }
}
