// transformed[g,p,c,t] = (B' X B)[p], X the 6x6 window of x[g,n,c] that tile t of 4x4 outputs sees
//
// Winograd's F(4x4, 3x3), the input: a window becomes 36 numbers, one for every pair of the points 0, 1, -1, 2, -2
// and infinity.
// Row a of B' has the coefficients of the product of all (z - b) but (z - a); docs/kernels/winograd.md derives it.
//
// Layout: x [G,N,C,rows,row], what the windows of a map see: its rows and two more, in whole vec4s; transformed
// [G,36,C,T] dense. T counts the tiles of some images, from `first_image` on, rounded up to whole vec4s; what lies
// past the last tile is zero.
// Threads: one for a channel and a tile, tiles fastest, so that neighbours write neighbours; workgroup z is g.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  first_image: u32,
  channels: u32, // C
  rows: u32, // that the windows see
  x_row: u32, // vec4s from row to row of x
  x_plane: u32, // vec4s from channel to channel of x
  tiles_across: u32,
  tiles_down: u32,
  tiles: u32,
  padded_tiles: u32, // T
}

alias Six = array<vec3<f32>, 6>;

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> transformed: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// B' of three columns at once. Rows a and -a share their even and their odd half.
fn transform(x: Six) -> Six {
  let even1 = x[4] - 4.0 * x[2];
  let odd1 = x[3] - 4.0 * x[1];
  let even2 = x[4] - x[2];
  let odd2 = 2.0 * (x[3] - x[1]);
  return Six(
    4.0 * x[0] - 5.0 * x[2] + x[4],
    even1 + odd1,
    even1 - odd1,
    even2 + odd2,
    even2 - odd2,
    4.0 * x[1] - 5.0 * x[3] + x[5],
  );
}

// Three rows as three columns: `transform` takes one in each lane of a vector.
fn turn(a: vec3<f32>, b: vec3<f32>, c: vec3<f32>) -> mat3x3<f32> {
  return transpose(mat3x3<f32>(a, b, c));
}

// Numbers 0 to 3 of a row of the window, and 4 and 5: zeros past the map's rows and past the last tile.
fn load(at: u32, inside: bool) -> vec4<f32> {
  return select(vec4<f32>(), x[at], inside);
}

// Stores three rows of a column: from row to row are 6 positions.
fn store(at: u32, step: u32, column: vec3<f32>) {
  transformed[at] = column.x;
  transformed[at + 6u * step] = column.y;
  transformed[at + 12u * step] = column.z;
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
  let column = t % params.tiles_across; // vec4s
  let row = t / params.tiles_across % params.tiles_down * 4u;
  let n = group.z * params.images + params.first_image + t / (params.tiles_across * params.tiles_down);
  let at = (n * params.channels + c) * params.x_plane + row * params.x_row + column;
  let end = select(0u, params.rows, t < params.tiles);
  let more = column + 1u < params.x_row; // else the row ends with the window's fourth number

  let a0 = load(at, row < end);
  let a1 = load(at + params.x_row, row + 1u < end);
  let a2 = load(at + 2u * params.x_row, row + 2u < end);
  let a3 = load(at + 3u * params.x_row, row + 3u < end);
  let a4 = load(at + 4u * params.x_row, row + 4u < end);
  let a5 = load(at + 5u * params.x_row, row + 5u < end);
  let b0 = load(at + 1u, more && row < end);
  let b1 = load(at + params.x_row + 1u, more && row + 1u < end);
  let b2 = load(at + 2u * params.x_row + 1u, more && row + 2u < end);
  let b3 = load(at + 3u * params.x_row + 1u, more && row + 3u < end);
  let b4 = load(at + 4u * params.x_row + 1u, more && row + 4u < end);
  let b5 = load(at + 5u * params.x_row + 1u, more && row + 5u < end);
  let left = transform(Six(a0.xyz, a1.xyz, a2.xyz, a3.xyz, a4.xyz, a5.xyz));
  let right = transform(Six(
    vec3<f32>(a0.w, b0.xy),
    vec3<f32>(a1.w, b1.xy),
    vec3<f32>(a2.w, b2.xy),
    vec3<f32>(a3.w, b3.xy),
    vec3<f32>(a4.w, b4.xy),
    vec3<f32>(a5.w, b5.xy),
  ));
  let upper_left = turn(left[0], left[1], left[2]);
  let upper_right = turn(right[0], right[1], right[2]);
  let upper = transform(Six(
    upper_left[0],
    upper_left[1],
    upper_left[2],
    upper_right[0],
    upper_right[1],
    upper_right[2],
  ));
  let lower_left = turn(left[3], left[4], left[5]);
  let lower_right = turn(right[3], right[4], right[5]);
  let lower = transform(Six(
    lower_left[0],
    lower_left[1],
    lower_left[2],
    lower_right[0],
    lower_right[1],
    lower_right[2],
  ));

  let step = params.channels * params.padded_tiles; // from position to position
  let to = (group.z * 36u * params.channels + c) * params.padded_tiles + t;
  store(to, step, upper[0]);
  store(to + step, step, upper[1]);
  store(to + 2u * step, step, upper[2]);
  store(to + 3u * step, step, upper[3]);
  store(to + 4u * step, step, upper[4]);
  store(to + 5u * step, step, upper[5]);
  store(to + 18u * step, step, lower[0]);
  store(to + 19u * step, step, lower[1]);
  store(to + 20u * step, step, lower[2]);
  store(to + 21u * step, step, lower[3]);
  store(to + 22u * step, step, lower[4]);
  store(to + 23u * step, step, lower[5]);
}
