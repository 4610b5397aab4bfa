// dproduct[g,p,t,o] = (A Y A')[p], Y the 4x4 pixels of dy[g,n,o] in tile t
//
// Winograd's F(4x4, 3x3), the gradient of the output transform: what the gradient by the weights multiplies
// with the transformed input.
//
// Layout: dy [G,N,O,H,W] with any border and rows of whole vec4s, zeros past the width; dproduct [G,36,T,O] dense, T the
// tiles of some images, from `first_image` on, rounded up to whole vec4s; what lies past the last tile is zero.
// Threads: one for a tile and a channel, channels fastest, so that neighbours write neighbours; workgroup z is g.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  first_image: u32,
  out_channels: u32, // O
  height: u32,
  dy_border: u32,
  dy_row: u32, // from row to row of dy
  dy_plane: u32, // from channel to channel of dy
  tiles_across: u32,
  tiles_down: u32,
  tiles: u32,
  padded_tiles: u32, // T
}

alias Four = array<vec2<f32>, 4>;
alias Six = array<vec2<f32>, 6>;

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dproduct: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// A of two columns at once: point a makes 1, a, a^2, a^3 of them, infinity the last.
fn transform(y: Four) -> Six {
  let even1 = y[0] + y[2];
  let odd1 = y[1] + y[3];
  let even2 = y[0] + 4.0 * y[2];
  let odd2 = 2.0 * y[1] + 8.0 * y[3];
  return Six(y[0], even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, y[3]);
}

// Two rows as two columns: `transform` takes one in each lane of a vector.
fn turn(a: vec2<f32>, b: vec2<f32>) -> mat2x2<f32> {
  return transpose(mat2x2<f32>(a, b));
}

// Two numbers of a row of a tile: zeros past the map's rows and past the last tile.
fn load(at: u32, inside: bool) -> vec2<f32> {
  return select(vec2<f32>(), vec2<f32>(dy[at], dy[at + 1u]), inside);
}

// Stores two rows of a column: from row to row are 6 positions.
fn store(at: u32, step: u32, column: vec2<f32>) {
  dproduct[at] = column.x;
  dproduct[at + 6u * step] = column.y;
}

// Two rows of positions, of two numbers of each of four columns.
fn store_rows(at: u32, step: u32, left: mat2x2<f32>, right: mat2x2<f32>) {
  let rows = transform(Four(left[0], left[1], right[0], right[1]));
  store(at, step, rows[0]);
  store(at + step, step, rows[1]);
  store(at + 2u * step, step, rows[2]);
  store(at + 3u * step, step, rows[3]);
  store(at + 4u * step, step, rows[4]);
  store(at + 5u * step, step, rows[5]);
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
  let column = t % params.tiles_across * 4u;
  let row = t / params.tiles_across % params.tiles_down * 4u;
  let n = group.z * params.images + params.first_image + t / (params.tiles_across * params.tiles_down);
  let start = params.dy_border * (params.dy_row + 1u);
  let at = (n * params.out_channels + o) * params.dy_plane + start + row * params.dy_row + column;
  let end = select(0u, params.height, t < params.tiles);

  let at1 = at + params.dy_row;
  let at2 = at1 + params.dy_row;
  let at3 = at2 + params.dy_row;
  let left = transform(Four(
    load(at, row < end),
    load(at1, row + 1u < end),
    load(at2, row + 2u < end),
    load(at3, row + 3u < end),
  ));
  let right = transform(Four(
    load(at + 2u, row < end),
    load(at1 + 2u, row + 1u < end),
    load(at2 + 2u, row + 2u < end),
    load(at3 + 2u, row + 3u < end),
  ));

  let step = params.padded_tiles * params.out_channels; // from position to position
  let to = group.z * 36u * step + id.x;
  store_rows(to, step, turn(left[0], left[1]), turn(right[0], right[1]));
  store_rows(to + 12u * step, step, turn(left[2], left[3]), turn(right[2], right[3]));
  store_rows(to + 24u * step, step, turn(left[4], left[5]), turn(right[4], right[5]));
}
