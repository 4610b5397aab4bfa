// filters[g,p,o,c] = (G w G')[p], w the 5x5 filter weight[g,c,:,:,o]
//
// Winograd's F(3x3, 5x5), the filters: each becomes its values at the pairs of the points 0, 1, -1, 2, -2, 1/2
// and infinity. With FLIPPED it is filters[g,p,c,o] of the filter
// rotated by 180 degrees, for the gradient by the input.
//
// Layout: weight [G,C,5,5,O] and filters [G,49,O,C], flipped [G,49,C,O], dense.
// Threads: one for a filter, in the order of `filters`; workgroup z is g.

override WORKGROUP_SIZE: u32 = 64;
override FLIPPED: bool = false;

struct Params {
  channels: u32, // C
  out_channels: u32, // O
}

alias Five = array<vec4<f32>, 5>;
alias Seven = array<vec4<f32>, 7>;

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read_write> filters: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// G of four columns at once, the row of point a divided by the product of all (a - b).
fn transform(w: Five) -> Seven {
  let even1 = w[0] + w[2] + w[4];
  let odd1 = w[1] + w[3];
  let even2 = w[0] + 4.0 * w[2] + 16.0 * w[4];
  let odd2 = 2.0 * w[1] + 8.0 * w[3];
  return Seven(
    -0.5 * w[0],
    (-1.0 / 3.0) * (even1 + odd1),
    (1.0 / 9.0) * (even1 - odd1),
    (1.0 / 36.0) * (even2 + odd2),
    (-1.0 / 60.0) * (even2 - odd2),
    (32.0 / 45.0) * (w[0] + 0.5 * w[1] + 0.25 * w[2] + 0.125 * w[3] + 0.0625 * w[4]),
    w[4],
  );
}

// Four rows as four columns: `transform` takes one in each lane of a vector.
fn turn(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> mat4x4<f32> {
  return transpose(mat4x4<f32>(a, b, c, d));
}

// Stores four rows of a column: from row to row are 7 positions.
fn store(at: u32, step: u32, column: vec4<f32>) {
  filters[at] = column.x;
  filters[at + 7u * step] = column.y;
  filters[at + 14u * step] = column.z;
  filters[at + 21u * step] = column.w;
}

// The last three rows.
fn store3(at: u32, step: u32, column: vec4<f32>) {
  filters[at] = column.x;
  filters[at + 7u * step] = column.y;
  filters[at + 14u * step] = column.z;
}

// Taps 0 to 3 of a row of the filter, and tap 4; `step` is -O and `at` the last tap where it is flipped.
fn left_of(at: u32, step: u32) -> vec4<f32> {
  return vec4<f32>(weight[at], weight[at + step], weight[at + 2u * step], weight[at + 3u * step]);
}

fn right_of(at: u32, step: u32) -> vec4<f32> {
  return vec4<f32>(weight[at + 4u * step], 0.0, 0.0, 0.0);
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
  let first = (group.z * params.channels + c) * 25u * params.out_channels + o;
  // Unsigned arithmetic wraps, so adding -O steps back.
  let at = first + select(0u, 24u * params.out_channels, FLIPPED);
  let tap = select(params.out_channels, 0u - params.out_channels, FLIPPED);

  let left = transform(Five(
    left_of(at, tap),
    left_of(at + 5u * tap, tap),
    left_of(at + 10u * tap, tap),
    left_of(at + 15u * tap, tap),
    left_of(at + 20u * tap, tap),
  ));
  let right = transform(Five(
    right_of(at, tap),
    right_of(at + 5u * tap, tap),
    right_of(at + 10u * tap, tap),
    right_of(at + 15u * tap, tap),
    right_of(at + 20u * tap, tap),
  ));
  let upper_left = turn(left[0], left[1], left[2], left[3]);
  let upper_right = turn(right[0], right[1], right[2], right[3]);
  let upper = transform(Five(
    upper_left[0],
    upper_left[1],
    upper_left[2],
    upper_left[3],
    upper_right[0],
  ));
  let lower_left = turn(left[4], left[5], left[6], vec4<f32>());
  let lower_right = turn(right[4], right[5], right[6], vec4<f32>());
  let lower = transform(Five(
    lower_left[0],
    lower_left[1],
    lower_left[2],
    lower_left[3],
    lower_right[0],
  ));

  let step = inner * outer; // from position to position
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
