// y[g,n,c,i,j] = bias[g,c] + sum over ky, kx of x[g,n,c, S i + ky, S j + kx] * weight[g,c,ky,kx]
//
// A depthwise 3x3 convolution: every channel by itself. It knows no padding: x begins where the first
// window does (see `conv/frame.wgsl`). With the filter rotated by 180 degrees and dy in place of x it gives dx at
// stride 1.
//
// Layout: x [G,N,C,rows,row] in rows of whole vec4s; weight [G,C,3,3]; bias [G,C]; y [G,N,C,H,W] dense.
// Threads: one for 4 columns and 4 rows. A row of x serves all taps across and three rows of y; nothing else would
// be used twice, so memory bounds it.

const STRIDE: u32 = 1; // tunable: 1 2
override WORKGROUP_SIZE: u32 = 64;
override HAS_BIAS: u32 = 0;
override FLIPPED: u32 = 0;

struct Params {
  images: u32, // N
  channels: u32, // C
  height: u32, // of y
  width: u32,
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
  tiles_across: u32,
  tiles_down: u32,
  threads: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// As much of a row of x as 4 columns of y see, by tap.
struct Row {
  tap0: vec4<f32>,
  tap1: vec4<f32>,
  tap2: vec4<f32>,
}

fn row_at(at: u32) -> Row {
  let a = x[at];
  let b = x[at + 1u];
  if (STRIDE == 1u) {
    return Row(a, vec4<f32>(a.yzw, b.x), vec4<f32>(a.zw, b.xy));
  }
  return Row(
    vec4<f32>(a.xz, b.xz),
    vec4<f32>(a.yw, b.yw),
    vec4<f32>(a.z, b.xz, x[at + 2u].x),
  );
}

// A row of the filter.
fn filter_at(filter_first: u32, ky: u32) -> vec3<f32> {
  if (FLIPPED != 0u) {
    let at = filter_first + 8u - 3u * ky;
    return vec3<f32>(weight[at], weight[at - 1u], weight[at - 2u]);
  }
  let at = filter_first + 3u * ky;
  return vec3<f32>(weight[at], weight[at + 1u], weight[at + 2u]);
}

fn through(row: Row, taps: vec3<f32>) -> vec4<f32> {
  return row.tap0 * taps.x + row.tap1 * taps.y + row.tap2 * taps.z;
}

// Stores the part of 4 columns that lies inside the map.
fn store(row: u32, column: u32, plane: u32, sum: vec4<f32>) {
  if (row >= params.height) {
    return;
  }
  let at = (plane * params.height + row) * params.width + column;
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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let index = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (index >= params.threads) {
    return;
  }
  let column = index % params.tiles_across * 4u;
  let row = index / params.tiles_across % params.tiles_down * 4u;
  let plane = index / (params.tiles_across * params.tiles_down); // (g N + n) C + c
  let c = plane % params.channels;
  let g = plane / (params.images * params.channels);
  let own = g * params.channels + c;
  let top = filter_at(own * 9u, 0u);
  let middle = filter_at(own * 9u, 1u);
  let bottom = filter_at(own * 9u, 2u);
  var first = vec4<f32>();
  if (HAS_BIAS != 0u) {
    first += bias[own];
  }
  let at = plane * params.x_plane + STRIDE * row * params.x_row + STRIDE * column / 4u;
  let step = params.x_row;
  let x0 = row_at(at);
  let x1 = row_at(at + step);
  let x2 = row_at(at + 2u * step);
  let x3 = row_at(at + 3u * step);
  let x4 = row_at(at + 4u * step);
  let x5 = row_at(at + 5u * step);
  if (STRIDE == 1u) {
    store(row, column, plane, first + through(x0, top) + through(x1, middle) + through(x2, bottom));
    store(row + 1u, column, plane, first + through(x1, top) + through(x2, middle) + through(x3, bottom));
    store(row + 2u, column, plane, first + through(x2, top) + through(x3, middle) + through(x4, bottom));
    store(row + 3u, column, plane, first + through(x3, top) + through(x4, middle) + through(x5, bottom));
  } else {
    let x6 = row_at(at + 6u * step);
    let x7 = row_at(at + 7u * step);
    let x8 = row_at(at + 8u * step);
    store(row, column, plane, first + through(x0, top) + through(x1, middle) + through(x2, bottom));
    store(row + 1u, column, plane, first + through(x2, top) + through(x3, middle) + through(x4, bottom));
    store(row + 2u, column, plane, first + through(x4, top) + through(x5, middle) + through(x6, bottom));
    store(row + 3u, column, plane, first + through(x6, top) + through(x7, middle) + through(x8, bottom));
  }
}
