// dweight[g,c,ky,kx] = sum over n, i, j of x[g,n,c, S i + ky, S j + kx] * dy[g,n,c,i,j]
//
// The gradient of a depthwise 3x3 convolution by its weights, by a sliding window.
//
// Layout: x [G,N,C,rows,row], beginning where the first window does, and dy [G,N,C,H,W] with a zero border
// of SHIFT, both in rows of whole vec4s; partials [G,P,C,3,3,1] dense, P sums over parts of the N H rows of dy, which
// `conv5x5/reduce_weight.wgsl` adds up in a fixed order.
// Threads: one for a channel and a part: 9 sums of 4 in registers. Channels are innermost.

const STRIDE: u32 = 1; // tunable: 1 2
const SHIFT: u32 = 0; // tunable: 0 1 2 3
override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  height: u32, // of dy
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
  x_last: u32, // x's last vec4
  dy_row: u32,
  dy_plane: u32,
  strips: u32, // of 4 columns, in a row
  parts: u32, // P
  threads: u32,
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

// A row of taps.
struct Taps {
  t0: vec4<f32>,
  t1: vec4<f32>,
  t2: vec4<f32>,
}

fn add(taps: ptr<function, Taps>, row: Row, dy: vec4<f32>) {
  if (STRIDE == 1u) {
    (*taps).t0 += row.a * dy;
    (*taps).t1 += vec4<f32>(row.a.yzw, row.b.x) * dy;
    (*taps).t2 += vec4<f32>(row.a.zw, row.b.xy) * dy;
  } else {
    (*taps).t0 += vec4<f32>(row.a.xz, row.b.xz) * dy;
    (*taps).t1 += vec4<f32>(row.a.yw, row.b.yw) * dy;
    (*taps).t2 += vec4<f32>(row.a.z, row.b.xz, row.c.x) * dy;
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

fn store(at: u32, taps: Taps) {
  let ones = vec4<f32>(1.0);
  partials[at] = dot(taps.t0, ones);
  partials[at + 1u] = dot(taps.t1, ones);
  partials[at + 2u] = dot(taps.t2, ones);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.threads) {
    return;
  }
  let c = id.x % params.channels;
  let part = id.x / params.channels % params.parts;
  let g = id.x / (params.channels * params.parts);

  var taps0 = Taps();
  var taps1 = Taps();
  var taps2 = Taps();
  let lines = params.images * params.height; // rows of dy
  let begin = part * lines / params.parts;
  let end = (part + 1u) * lines / params.parts;
  for (var line = begin; line < end; line++) {
    let n = g * params.images + line / params.height;
    let i = line % params.height;
    let plane = n * params.channels + c;
    var at = plane * params.x_plane + STRIDE * i * params.x_row;
    var dy_at = plane * params.dy_plane + (i + SHIFT) * params.dy_row;
    var x0 = Row(x_at(at), vec4<f32>(), vec4<f32>());
    var x1 = Row(x_at(at + params.x_row), vec4<f32>(), vec4<f32>());
    var x2 = Row(x_at(at + 2u * params.x_row), vec4<f32>(), vec4<f32>());
    var left = dy[dy_at];
    for (var strip = 0u; strip < params.strips; strip++) {
      slide(&x0, at);
      slide(&x1, at + params.x_row);
      slide(&x2, at + 2u * params.x_row);
      at += STRIDE;
      dy_at++;
      let right = dy[dy_at];
      let columns = shifted(left, right);
      left = right;
      add(&taps0, x0, columns);
      add(&taps1, x1, columns);
      add(&taps2, x2, columns);
      x0 = next(x0);
      x1 = next(x1);
      x2 = next(x2);
    }
  }
  let at = id.x * 9u;
  store(at, taps0);
  store(at + 3u, taps1);
  store(at + 6u, taps2);
}
