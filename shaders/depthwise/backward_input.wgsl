// dx[g,n,c,2 q + a - top, 2 r + b - left] = sum over the taps of a and b of dy[g,n,c, q - ky / 2, r - kx / 2] * weight[g,c,ky,kx]
//
// The gradient of a depthwise 3x3 convolution at stride 2 by its input. Even rows (a = 0) went into two rows of y,
// by taps 0 and 2, odd ones into one, by tap 1; columns alike. At stride 1 `forward.wgsl` does it.
//
// Layout: dy [G,N,C,rows,row], with one row and column of zeros before the first pixel that is read, in rows of whole vec4s; weight
// [G,C,3,3]; dx [G,N,C,H,W] dense.
// Threads: one for 4 columns and a row of dy: 8 columns and two rows of dx.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  height: u32, // of dx
  width: u32,
  dy_row: u32, // vec4s from row to row of dy
  dy_plane: u32, // vec4s from channel to channel of dy
  tiles_across: u32,
  tiles_down: u32,
  threads: u32,
  top: u32,
  left: u32,
}

@group(0) @binding(0) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// Stores 4 pixels of every other column, as far as they lie inside the map. Unsigned: what lies above or left
// of it wraps round, and so lies outside.
fn store(row: u32, column: u32, plane: u32, sum: vec4<f32>) {
  if (row >= params.height) {
    return;
  }
  let at = (plane * params.height + row) * params.width + column;
  if (column < params.width) {
    dx[at] = sum.x;
  }
  if (column + 2u < params.width) {
    dx[at + 2u] = sum.y;
  }
  if (column + 4u < params.width) {
    dx[at + 4u] = sum.z;
  }
  if (column + 6u < params.width) {
    dx[at + 6u] = sum.w;
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
  let across = index % params.tiles_across;
  let down = index / params.tiles_across % params.tiles_down;
  let plane = index / (params.tiles_across * params.tiles_down); // (g N + n) C + c
  let c = plane % params.channels;
  let g = plane / (params.images * params.channels);
  let w = (g * params.channels + c) * 9u;
  let at = plane * params.dy_plane + down * params.dy_row + across;
  let upper_left = dy[at]; // met through taps 2 of rows and columns
  let upper_last = dy[at + 1u];
  let lower_left = dy[at + params.dy_row];
  let lower_last = dy[at + params.dy_row + 1u];
  let upper = vec4<f32>(upper_left.yzw, upper_last.x);
  let lower = vec4<f32>(lower_left.yzw, lower_last.x);

  let row = down * 2u - params.top;
  let column = across * 8u - params.left;
  store(
    row,
    column,
    plane,
    lower * weight[w] + lower_left * weight[w + 2u] + upper * weight[w + 6u] + upper_left * weight[w + 8u],
  );
  store(row, column + 1u, plane, lower * weight[w + 1u] + upper * weight[w + 7u]);
  store(row + 1u, column, plane, lower * weight[w + 3u] + lower_left * weight[w + 5u]);
  store(row + 1u, column + 1u, plane, lower * weight[w + 4u]);
}
