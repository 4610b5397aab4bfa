// y[g,n,o,i,j] = (A' M A)[i,j] in tile t, M the 6x6 positions of product[g,:,o,t]
//
// Winograd's F(4x4, 3x3), the outputs: 36 products of transformed windows and filters become 4x4 pixels.
//
// Layout: product [G,36,O,T] dense, T the tiles of some images, from `first_image` on; y [G,N,O,H,W] dense;
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

alias Four = array<vec2<f32>, 4>;
alias Six = array<vec2<f32>, 6>;

@group(0) @binding(0) var<storage, read> product: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// A' of two columns at once: row i is a^i, and infinity in the last.
fn transform(m: Six) -> Four {
  let even1 = m[1] + m[2];
  let odd1 = m[1] - m[2];
  let even2 = m[3] + m[4];
  let odd2 = m[3] - m[4];
  return Four(
    m[0] + even1 + even2,
    odd1 + 2.0 * odd2,
    even1 + 4.0 * even2,
    odd1 + 8.0 * odd2 + m[5],
  );
}

// Two rows as two columns: `transform` takes one in each lane of a vector.
fn turn(a: vec2<f32>, b: vec2<f32>) -> mat2x2<f32> {
  return transpose(mat2x2<f32>(a, b));
}

// Two positions of a row; `step` lies between positions.
fn load(at: u32, step: u32) -> vec2<f32> {
  return vec2<f32>(product[at], product[at + step]);
}

// Two columns of positions, made four rows of pixels.
fn columns(at: u32, step: u32) -> Four {
  return transform(Six(
    load(at, step),
    load(at + 6u * step, step),
    load(at + 12u * step, step),
    load(at + 18u * step, step),
    load(at + 24u * step, step),
    load(at + 30u * step, step),
  ));
}

// Stores a row of a tile, as much of it as lies on the map.
fn store(at: u32, row: u32, column: u32, value: vec4<f32>) {
  if (row >= params.height) {
    return;
  }
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
  let corner = (group.z * 36u * params.out_channels + o) * params.padded_tiles + t;
  let first = columns(corner, step);
  let second = columns(corner + 2u * step, step);
  let third = columns(corner + 4u * step, step);

  let upper1 = turn(first[0], first[1]);
  let upper2 = turn(second[0], second[1]);
  let upper3 = turn(third[0], third[1]);
  let upper = transform(Six(upper1[0], upper1[1], upper2[0], upper2[1], upper3[0], upper3[1]));
  let lower1 = turn(first[2], first[3]);
  let lower2 = turn(second[2], second[3]);
  let lower3 = turn(third[2], third[3]);
  let lower = transform(Six(lower1[0], lower1[1], lower2[0], lower2[1], lower3[0], lower3[1]));

  let column = t % params.tiles_across * 4u;
  let row = t / params.tiles_across % params.tiles_down * 4u;
  let n = group.z * params.images + params.first_image + t / (params.tiles_across * params.tiles_down);
  let at = ((n * params.out_channels + o) * params.height + row) * params.width + column;
  store(at, row, column, vec4<f32>(upper[0].x, upper[1].x, upper[2].x, upper[3].x));
  let at1 = at + params.width;
  store(at1, row + 1u, column, vec4<f32>(upper[0].y, upper[1].y, upper[2].y, upper[3].y));
  let at2 = at1 + params.width;
  store(at2, row + 2u, column, vec4<f32>(lower[0].x, lower[1].x, lower[2].x, lower[3].x));
  let at3 = at2 + params.width;
  store(at3, row + 3u, column, vec4<f32>(lower[0].y, lower[1].y, lower[2].y, lower[3].y));
}
