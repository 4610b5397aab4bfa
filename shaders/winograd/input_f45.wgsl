// transformed[g,p,c,t] = (B' X B)[p], X the 8x8 window of x[g,n,c] that tile t of 4x4 outputs sees
//
// Winograd's F(4x4, 5x5), the input: a window becomes 64 numbers, one for every pair of the points 0, 1, -1, 2,
// -2, 1/2, -1/2 and infinity.
// Row a of B' has the coefficients of the product of all (z - b) but (z - a); docs/kernels/winograd.md derives it.
//
// Layout: x [G,N,C,H,W] with a zero border of 2 and rows of whole vec4s; transformed [G,64,C,T] dense. T counts the
// tiles of some images, from `first_image` on, rounded up to whole vec4s; what lies past the last tile is zero.
// Threads: one for a channel and a tile, tiles fastest, so that neighbours write neighbours; workgroup z is g.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  first_image: u32,
  channels: u32, // C
  rows: u32, // of x, border included
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
  tiles_across: u32,
  tiles_down: u32,
  tiles: u32,
  padded_tiles: u32, // T
}

alias Eight = array<vec4<f32>, 8>;

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> transformed: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// B' of four columns at once. Rows a and -a share their even and their odd half.
fn transform(x: Eight) -> Eight {
  let even1 = x[2] - 4.25 * x[4] + x[6];
  let odd1 = x[1] - 4.25 * x[3] + x[5];
  let even2 = 0.25 * x[2] - 1.25 * x[4] + x[6];
  let odd2 = 0.5 * x[1] - 2.5 * x[3] + 2.0 * x[5];
  let even3 = 4.0 * x[2] - 5.0 * x[4] + x[6];
  let odd3 = 2.0 * x[1] - 2.5 * x[3] + 0.5 * x[5];
  return Eight(
    x[6] - x[0] + 5.25 * (x[2] - x[4]),
    even1 + odd1,
    even1 - odd1,
    even2 + odd2,
    even2 - odd2,
    even3 + odd3,
    even3 - odd3,
    x[7] - x[1] + 5.25 * (x[3] - x[5]),
  );
}

// Four rows as four columns: `transform` takes one in each lane of a vector.
fn turn(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> mat4x4<f32> {
  return transpose(mat4x4<f32>(a, b, c, d));
}

// Half a row of the window: zeros past the image and past the last tile.
fn load(at: u32, inside: bool) -> vec4<f32> {
  return select(vec4<f32>(), x[at], inside);
}

// Stores four rows of a column: from row to row are 8 positions.
fn store(at: u32, step: u32, column: vec4<f32>) {
  transformed[at] = column.x;
  transformed[at + 8u * step] = column.y;
  transformed[at + 16u * step] = column.z;
  transformed[at + 24u * step] = column.w;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  let c = id.x / params.padded_tiles;
  let t = id.x % params.padded_tiles;
  if (c >= params.channels) {
    return;
  }
  let column = t % params.tiles_across * 4u;
  let row = t / params.tiles_across % params.tiles_down * 4u;
  let n = group.z * params.images + params.first_image + t / (params.tiles_across * params.tiles_down);
  let at = (n * params.channels + c) * params.x_plane + row * params.x_row + column / 4u;
  let end = select(0u, params.rows, t < params.tiles);

  let left = transform(Eight(
    load(at, row < end),
    load(at + params.x_row, row + 1u < end),
    load(at + 2u * params.x_row, row + 2u < end),
    load(at + 3u * params.x_row, row + 3u < end),
    load(at + 4u * params.x_row, row + 4u < end),
    load(at + 5u * params.x_row, row + 5u < end),
    load(at + 6u * params.x_row, row + 6u < end),
    load(at + 7u * params.x_row, row + 7u < end),
  ));
  let right = transform(Eight(
    load(at + 1u, row < end),
    load(at + params.x_row + 1u, row + 1u < end),
    load(at + 2u * params.x_row + 1u, row + 2u < end),
    load(at + 3u * params.x_row + 1u, row + 3u < end),
    load(at + 4u * params.x_row + 1u, row + 4u < end),
    load(at + 5u * params.x_row + 1u, row + 5u < end),
    load(at + 6u * params.x_row + 1u, row + 6u < end),
    load(at + 7u * params.x_row + 1u, row + 7u < end),
  ));
  let upper_left = turn(left[0], left[1], left[2], left[3]);
  let upper_right = turn(right[0], right[1], right[2], right[3]);
  let upper = transform(Eight(
    upper_left[0],
    upper_left[1],
    upper_left[2],
    upper_left[3],
    upper_right[0],
    upper_right[1],
    upper_right[2],
    upper_right[3],
  ));
  let lower_left = turn(left[4], left[5], left[6], left[7]);
  let lower_right = turn(right[4], right[5], right[6], right[7]);
  let lower = transform(Eight(
    lower_left[0],
    lower_left[1],
    lower_left[2],
    lower_left[3],
    lower_right[0],
    lower_right[1],
    lower_right[2],
    lower_right[3],
  ));

  let step = params.channels * params.padded_tiles; // from position to position
  let to = (group.z * 64u * params.channels + c) * params.padded_tiles + t;
  store(to, step, upper[0]);
  store(to + step, step, upper[1]);
  store(to + 2u * step, step, upper[2]);
  store(to + 3u * step, step, upper[3]);
  store(to + 4u * step, step, upper[4]);
  store(to + 5u * step, step, upper[5]);
  store(to + 6u * step, step, upper[6]);
  store(to + 7u * step, step, upper[7]);
  store(to + 32u * step, step, lower[0]);
  store(to + 33u * step, step, lower[1]);
  store(to + 34u * step, step, lower[2]);
  store(to + 35u * step, step, lower[3]);
  store(to + 36u * step, step, lower[4]);
  store(to + 37u * step, step, lower[5]);
  store(to + 38u * step, step, lower[6]);
  store(to + 39u * step, step, lower[7]);
}
