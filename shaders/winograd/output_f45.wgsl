// y[g,n,o,i,j] = (A' M A)[i,j] in tile t, M the 8x8 positions of product[g,:,o,t]
//
// Winograd's F(4x4, 5x5), the outputs: 64 products of transformed windows and filters become 4x4 pixels.
//
// Layout: product [G,64,O,T] dense, T the tiles of some images, from `first_image` on; y [G,N,O,H,W] dense;
// only those images are written.
// Threads: one for a channel and a tile, tiles fastest; workgroup z is g.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  first_image: u32,
  out_channels: u32, // O
  height: u32,
  width: u32,
  tiles_across: u32,
  tiles_down: u32,
  tiles: u32,
  padded_tiles: u32, // T
}

alias Four = array<vec4<f32>, 4>;
alias Eight = array<vec4<f32>, 8>;

@group(0) @binding(0) var<storage, read> product: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// A' of four columns at once: row i is a^i, and infinity in the last.
fn transform(m: Eight) -> Four {
  let even1 = m[1] + m[2];
  let odd1 = m[1] - m[2];
  let even2 = m[3] + m[4];
  let odd2 = m[3] - m[4];
  let even3 = m[5] + m[6];
  let odd3 = m[5] - m[6];
  return Four(
    m[0] + even1 + even2 + even3,
    odd1 + 2.0 * odd2 + 0.5 * odd3,
    even1 + 4.0 * even2 + 0.25 * even3,
    odd1 + 8.0 * odd2 + 0.125 * odd3 + m[7],
  );
}

// Four rows as four columns: `transform` takes one in each lane of a vector.
fn turn(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> mat4x4<f32> {
  return transpose(mat4x4<f32>(a, b, c, d));
}

// Columns 0 to 3 of a row of positions, and 4 to 7; `step` lies between positions.
fn left_of(at: u32, step: u32) -> vec4<f32> {
  return vec4<f32>(product[at], product[at + step], product[at + 2u * step], product[at + 3u * step]);
}

fn right_of(at: u32, step: u32) -> vec4<f32> {
  return vec4<f32>(
    product[at + 4u * step],
    product[at + 5u * step],
    product[at + 6u * step],
    product[at + 7u * step],
  );
}

// Stores a row of a tile, as much of it as lies on the map.
fn store(n: u32, o: u32, row: u32, column: u32, value: vec4<f32>) {
  if (row >= params.height) {
    return;
  }
  let at = ((n * params.out_channels + o) * params.height + row) * params.width + column;
  y[at] = value.x;
  if (column + 1u < params.width) {
    y[at + 1u] = value.y;
  }
  if (column + 2u < params.width) {
    y[at + 2u] = value.z;
  }
  if (column + 3u < params.width) {
    y[at + 3u] = value.w;
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  let o = id.x / params.tiles;
  let t = id.x % params.tiles;
  if (o >= params.out_channels) {
    return;
  }
  let step = params.out_channels * params.padded_tiles; // from position to position
  let at = (group.z * 64u * params.out_channels + o) * params.padded_tiles + t;

  let left = transform(Eight(
    left_of(at, step),
    left_of(at + 8u * step, step),
    left_of(at + 16u * step, step),
    left_of(at + 24u * step, step),
    left_of(at + 32u * step, step),
    left_of(at + 40u * step, step),
    left_of(at + 48u * step, step),
    left_of(at + 56u * step, step),
  ));
  let right = transform(Eight(
    right_of(at, step),
    right_of(at + 8u * step, step),
    right_of(at + 16u * step, step),
    right_of(at + 24u * step, step),
    right_of(at + 32u * step, step),
    right_of(at + 40u * step, step),
    right_of(at + 48u * step, step),
    right_of(at + 56u * step, step),
  ));
  let first = turn(left[0], left[1], left[2], left[3]);
  let last = turn(right[0], right[1], right[2], right[3]);
  let columns = transform(Eight(
    first[0],
    first[1],
    first[2],
    first[3],
    last[0],
    last[1],
    last[2],
    last[3],
  ));
  let rows = turn(columns[0], columns[1], columns[2], columns[3]);

  let column = t % params.tiles_across * 4u;
  let row = t / params.tiles_across % params.tiles_down * 4u;
  let n = group.z * params.images + params.first_image + t / (params.tiles_across * params.tiles_down);
  store(n, o, row, column, rows[0]);
  store(n, o, row + 1u, column, rows[1]);
  store(n, o, row + 2u, column, rows[2]);
  store(n, o, row + 3u, column, rows[3]);
}
