// transformed[g,p,c,t] = (B' X B)[p], X the 7x7 window of x[g,n,c] that tile t of 3x3 outputs sees
//
// Winograd's F(3x3, 5x5), the input: a window becomes 49 numbers, one for every pair of the points 0, 1, -1, 2,
// -2, 1/2 and infinity.
// Row a of B' has the coefficients of the product of all (z - b) but (z - a); docs/kernels/winograd.md derives it.
//
// Layout: x [G,N,C,H,W] with a zero border of 2; transformed [G,49,C,T] dense. T counts the
// tiles of some images, from `first_image` on, rounded up to whole vec4s; what lies past the last tile is zero.
// Threads: one for a channel and a tile, tiles fastest, so that neighbours write neighbours; workgroup z is g.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  first_image: u32,
  channels: u32, // C
  rows: u32, // of x, border included
  x_row: u32, // from row to row of x
  x_plane: u32, // from channel to channel of x
  tiles_across: u32,
  tiles_down: u32,
  tiles: u32,
  padded_tiles: u32, // T
}

alias Seven = array<vec4<f32>, 7>;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> transformed: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// B' of four columns at once: all rows but that of the point 1/2 have a factor (z - 1/2), applied first.
// Rows a and -a share their even and their odd half.
fn transform(x: Seven) -> Seven {
  let z0 = x[1] - 0.5 * x[0];
  let z1 = x[2] - 0.5 * x[1];
  let z2 = x[3] - 0.5 * x[2];
  let z3 = x[4] - 0.5 * x[3];
  let z4 = x[5] - 0.5 * x[4];
  let z5 = x[6] - 0.5 * x[5];
  let even1 = z4 - 4.0 * z2;
  let odd1 = z3 - 4.0 * z1;
  let even2 = z4 - z2;
  let odd2 = 2.0 * (z3 - z1);
  return Seven(
    z4 - 5.0 * z2 + 4.0 * z0,
    even1 + odd1,
    even1 - odd1,
    even2 + odd2,
    even2 - odd2,
    x[5] - 5.0 * x[3] + 4.0 * x[1],
    z5 - 5.0 * z3 + 4.0 * z1,
  );
}

// Four rows as four columns: `transform` takes one in each lane of a vector.
fn turn(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> mat4x4<f32> {
  return transpose(mat4x4<f32>(a, b, c, d));
}

// A number of the window: 0 past the image and past the last tile.
fn load(at: u32, inside: bool) -> f32 {
  return select(0.0, x[at], inside);
}

// Columns 0 to 3 of a row of the window, and 4 to 6.
fn left_of(at: u32, column: u32, inside: bool) -> vec4<f32> {
  return vec4<f32>(
    load(at, inside),
    load(at + 1u, inside),
    load(at + 2u, inside),
    load(at + 3u, inside),
  );
}

fn right_of(at: u32, column: u32, inside: bool) -> vec4<f32> {
  return vec4<f32>(
    load(at + 4u, inside),
    load(at + 5u, inside && column + 5u < params.x_row),
    load(at + 6u, inside && column + 6u < params.x_row),
    0.0,
  );
}

// Stores four rows of a column: from row to row are 7 positions.
fn store(at: u32, step: u32, column: vec4<f32>) {
  transformed[at] = column.x;
  transformed[at + 7u * step] = column.y;
  transformed[at + 14u * step] = column.z;
  transformed[at + 21u * step] = column.w;
}

// The last three rows.
fn store3(at: u32, step: u32, column: vec4<f32>) {
  transformed[at] = column.x;
  transformed[at + 7u * step] = column.y;
  transformed[at + 14u * step] = column.z;
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
  let column = t % params.tiles_across * 3u;
  let row = t / params.tiles_across % params.tiles_down * 3u;
  let n = group.z * params.images + params.first_image + t / (params.tiles_across * params.tiles_down);
  let at = (n * params.channels + c) * params.x_plane + row * params.x_row + column;
  let end = select(0u, params.rows, t < params.tiles);

  let left = transform(Seven(
    left_of(at, column, row + 0u < end),
    left_of(at + params.x_row, column, row + 1u < end),
    left_of(at + 2u * params.x_row, column, row + 2u < end),
    left_of(at + 3u * params.x_row, column, row + 3u < end),
    left_of(at + 4u * params.x_row, column, row + 4u < end),
    left_of(at + 5u * params.x_row, column, row + 5u < end),
    left_of(at + 6u * params.x_row, column, row + 6u < end),
  ));
  let right = transform(Seven(
    right_of(at, column, row + 0u < end),
    right_of(at + params.x_row, column, row + 1u < end),
    right_of(at + 2u * params.x_row, column, row + 2u < end),
    right_of(at + 3u * params.x_row, column, row + 3u < end),
    right_of(at + 4u * params.x_row, column, row + 4u < end),
    right_of(at + 5u * params.x_row, column, row + 5u < end),
    right_of(at + 6u * params.x_row, column, row + 6u < end),
  ));
  let upper_left = turn(left[0], left[1], left[2], left[3]);
  let upper_right = turn(right[0], right[1], right[2], right[3]);
  let upper = transform(Seven(
    upper_left[0],
    upper_left[1],
    upper_left[2],
    upper_left[3],
    upper_right[0],
    upper_right[1],
    upper_right[2],
  ));
  let lower_left = turn(left[4], left[5], left[6], vec4<f32>());
  let lower_right = turn(right[4], right[5], right[6], vec4<f32>());
  let lower = transform(Seven(
    lower_left[0],
    lower_left[1],
    lower_left[2],
    lower_left[3],
    lower_right[0],
    lower_right[1],
    lower_right[2],
  ));

  let step = params.channels * params.padded_tiles; // from position to position
  let to = (group.z * 49u * params.channels + c) * params.padded_tiles + t;
  store(to, step, upper[0]);
  store(to + step, step, upper[1]);
  store(to + 2u * step, step, upper[2]);
  store(to + 3u * step, step, upper[3]);
  store(to + 4u * step, step, upper[4]);
  store(to + 5u * step, step, upper[5]);
  store(to + 6u * step, step, upper[6]);
  store3(to + 28u * step, step, lower[0]);
  store3(to + 29u * step, step, lower[1]);
  store3(to + 30u * step, step, lower[2]);
  store3(to + 31u * step, step, lower[3]);
  store3(to + 32u * step, step, lower[4]);
  store3(to + 33u * step, step, lower[5]);
  store3(to + 34u * step, step, lower[6]);
}
