// filters[g,p,o,c] = (G w G')[p], w the 3x3 filter weight[g,c,:,:,o]
//
// Winograd's F(4x4, 3x3), the filters: each becomes its values at the pairs of the points 0, 1, -1, 2, -2 and
// infinity. With FLIPPED it is filters[g,p,c,o] of the filter rotated by 180 degrees, for the gradient by the input.
//
// Layout: weight [G,C,3,3,O] and filters [G,36,O,C], flipped [G,36,C,O], dense.
// Threads: one for a filter, in the order of `filters`; workgroup z is g.

override WORKGROUP_SIZE: u32 = 64;
override FLIPPED: bool = false;

struct Params {
  channels: u32, // C
  out_channels: u32, // O
}

alias Three = array<vec3<f32>, 3>;
alias Six = array<vec3<f32>, 6>;

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read_write> filters: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// G of three columns at once, the row of point a divided by the product of all (a - b).
fn transform(w: Three) -> Six {
  let even1 = (-1.0 / 6.0) * (w[0] + w[2]);
  let odd1 = (-1.0 / 6.0) * w[1];
  let even2 = (1.0 / 24.0) * (w[0] + 4.0 * w[2]);
  let odd2 = (1.0 / 12.0) * w[1];
  return Six(0.25 * w[0], even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, w[2]);
}

// Three rows as three columns: `transform` takes one in each lane of a vector.
fn turn(a: vec3<f32>, b: vec3<f32>, c: vec3<f32>) -> mat3x3<f32> {
  return transpose(mat3x3<f32>(a, b, c));
}

// A row of the filter; `step` is -O and `at` the last tap where it is flipped.
fn load(at: u32, step: u32) -> vec3<f32> {
  return vec3<f32>(weight[at], weight[at + step], weight[at + 2u * step]);
}

// Stores three rows of a column: from row to row are 6 positions.
fn store(at: u32, step: u32, column: vec3<f32>) {
  filters[at] = column.x;
  filters[at + 6u * step] = column.y;
  filters[at + 12u * step] = column.z;
}

// Three rows of positions, of as many columns.
fn store_rows(at: u32, step: u32, columns: mat3x3<f32>) {
  let rows = transform(Three(columns[0], columns[1], columns[2]));
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
  let inner = select(params.channels, params.out_channels, FLIPPED);
  let outer = select(params.out_channels, params.channels, FLIPPED);
  let i = id.x % inner;
  let k = id.x / inner;
  if (k >= outer) {
    return;
  }
  let c = select(i, k, FLIPPED);
  let o = select(k, i, FLIPPED);
  let first = (group.z * params.channels + c) * 9u * params.out_channels + o;
  // Unsigned arithmetic wraps, so adding -O steps back.
  let at = first + select(0u, 8u * params.out_channels, FLIPPED);
  let tap = select(params.out_channels, 0u - params.out_channels, FLIPPED);

  let w = transform(Three(load(at, tap), load(at + 3u * tap, tap), load(at + 6u * tap, tap)));
  let step = inner * outer; // from position to position
  let to = group.z * 36u * step + id.x;
  store_rows(to, step, turn(w[0], w[1], w[2]));
  store_rows(to + 18u * step, step, turn(w[3], w[4], w[5]));
}
