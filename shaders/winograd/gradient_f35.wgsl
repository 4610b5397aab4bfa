// dproduct[g,p,t,o] = (A Y A')[p], Y the 3x3 pixels of dy[g,n,o] in tile t
//
// Winograd's F(3x3, 5x5), the gradient of the output transform: what the gradient by the weights multiplies
// with the transformed input.
//
// Layout: dy [G,N,O,H,W] with a zero border of 2 and rows of whole vec4s; dproduct [G,49,T,O] dense, T the tiles
// of some images, from `first_image` on, rounded up to whole vec4s; what lies past the last tile is zero.
// Threads: one for a tile and a channel, channels fastest, so that neighbours write neighbours; workgroup z is g.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  first_image: u32,
  out_channels: u32, // O
  height: u32,
  dy_row: u32, // from row to row of dy
  dy_plane: u32, // from channel to channel of dy
  tiles_across: u32,
  tiles_down: u32,
  tiles: u32,
  padded_tiles: u32, // T
}

alias Three = array<vec4<f32>, 3>;
alias Seven = array<vec4<f32>, 7>;

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dproduct: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// A of four columns at once: point a makes 1, a, a^2 of them, infinity the last.
fn transform(y: Three) -> Seven {
  let even1 = y[0] + y[2];
  let even2 = y[0] + 4.0 * y[2];
  let odd2 = 2.0 * y[1];
  return Seven(
    y[0],
    even1 + y[1],
    even1 - y[1],
    even2 + odd2,
    even2 - odd2,
    y[0] + 0.5 * y[1] + 0.25 * y[2],
    y[2],
  );
}

// Four rows as four columns: `transform` takes one in each lane of a vector.
fn turn(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> mat4x4<f32> {
  return transpose(mat4x4<f32>(a, b, c, d));
}

// A row of a tile: zeros past the map and past the last tile. A border of 2 holds what a row reads past the width.
fn load(at: u32, inside: bool) -> vec4<f32> {
  let row = vec4<f32>(dy[at], dy[at + 1u], dy[at + 2u], 0.0);
  return select(vec4<f32>(), row, inside);
}

// Stores four rows of a column: from row to row are 7 positions.
fn store(at: u32, step: u32, column: vec4<f32>) {
  dproduct[at] = column.x;
  dproduct[at + 7u * step] = column.y;
  dproduct[at + 14u * step] = column.z;
  dproduct[at + 21u * step] = column.w;
}

// The last three rows.
fn store3(at: u32, step: u32, column: vec4<f32>) {
  dproduct[at] = column.x;
  dproduct[at + 7u * step] = column.y;
  dproduct[at + 14u * step] = column.z;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  let o = id.x % params.out_channels;
  let t = id.x / params.out_channels;
  if (t >= params.padded_tiles) {
    return;
  }
  let column = t % params.tiles_across * 3u;
  let row = t / params.tiles_across % params.tiles_down * 3u;
  let n = group.z * params.images + params.first_image + t / (params.tiles_across * params.tiles_down);
  let at = (n * params.out_channels + o) * params.dy_plane + (row + 2u) * params.dy_row + column + 2u;
  let end = select(0u, params.height, t < params.tiles);

  let rows = transform(Three(
    load(at, row < end),
    load(at + params.dy_row, row + 1u < end),
    load(at + 2u * params.dy_row, row + 2u < end),
  ));
  let upper_columns = turn(rows[0], rows[1], rows[2], rows[3]);
  let upper = transform(Three(upper_columns[0], upper_columns[1], upper_columns[2]));
  let lower_columns = turn(rows[4], rows[5], rows[6], vec4<f32>());
  let lower = transform(Three(lower_columns[0], lower_columns[1], lower_columns[2]));

  let step = params.padded_tiles * params.out_channels; // from position to position
  let to = group.z * 49u * step + id.x;
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
