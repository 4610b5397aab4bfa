// dweight[g,c,ky,kx,o] = (G' U G)[ky,kx], U the 8x8 positions of dfilters[g,:,c,o]
//
// Winograd's F(4x4, 5x5), the gradient of the filters' transform: 64 sums of products become 5x5 taps.
//
// Layout: dfilters [G,64,C,O] and dweight [G,C,5,5,O], dense.
// Threads: one for a filter, output channels fastest; workgroup z is g.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  channels: u32, // C
  out_channels: u32, // O
}

alias Five = array<vec4<f32>, 5>;
alias Eight = array<vec4<f32>, 8>;

@group(0) @binding(0) var<storage, read> dfilters: array<f32>;
@group(0) @binding(1) var<storage, read_write> dweight: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// G' of four columns at once.
fn transform(u: Eight) -> Five {
  let even1 = (-2.0 / 9.0) * (u[1] + u[2]);
  let odd1 = (-2.0 / 9.0) * (u[1] - u[2]);
  let even2 = (1.0 / 90.0) * (u[3] + u[4]);
  let odd2 = (1.0 / 90.0) * (u[3] - u[4]);
  let even3 = (32.0 / 45.0) * (u[5] + u[6]);
  let odd3 = (32.0 / 45.0) * (u[5] - u[6]);
  return Five(
    even1 + even2 + even3 - u[0],
    odd1 + 2.0 * odd2 + 0.5 * odd3,
    even1 + 4.0 * even2 + 0.25 * even3,
    odd1 + 8.0 * odd2 + 0.125 * odd3,
    even1 + 16.0 * even2 + 0.0625 * even3 + u[7],
  );
}

// Four rows as four columns: `transform` takes one in each lane of a vector.
fn turn(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> mat4x4<f32> {
  return transpose(mat4x4<f32>(a, b, c, d));
}

// Columns 0 to 3 of a row of positions, and 4 to 7; `step` lies between positions.
fn left_of(at: u32, step: u32) -> vec4<f32> {
  return vec4<f32>(dfilters[at], dfilters[at + step], dfilters[at + 2u * step], dfilters[at + 3u * step]);
}

fn right_of(at: u32, step: u32) -> vec4<f32> {
  return vec4<f32>(
    dfilters[at + 4u * step],
    dfilters[at + 5u * step],
    dfilters[at + 6u * step],
    dfilters[at + 7u * step],
  );
}

// Stores four rows of a column of taps.
fn store(at: u32, column: vec4<f32>) {
  dweight[at] = column.x;
  dweight[at + 5u * params.out_channels] = column.y;
  dweight[at + 10u * params.out_channels] = column.z;
  dweight[at + 15u * params.out_channels] = column.w;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
) {
  let o = id.x % params.out_channels;
  let c = id.x / params.out_channels;
  if (c >= params.channels) {
    return;
  }
  let step = params.channels * params.out_channels; // from position to position
  let at = group.z * 64u * step + id.x;

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
  let lower_left = turn(left[4], vec4<f32>(), vec4<f32>(), vec4<f32>());
  let lower_right = turn(right[4], vec4<f32>(), vec4<f32>(), vec4<f32>());
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

  let to = (group.z * params.channels + c) * 25u * params.out_channels + o;
  store(to, upper[0]);
  store(to + params.out_channels, upper[1]);
  store(to + 2u * params.out_channels, upper[2]);
  store(to + 3u * params.out_channels, upper[3]);
  store(to + 4u * params.out_channels, upper[4]);
  dweight[to + 20u * params.out_channels] = lower[0].x;
  dweight[to + 21u * params.out_channels] = lower[1].x;
  dweight[to + 22u * params.out_channels] = lower[2].x;
  dweight[to + 23u * params.out_channels] = lower[3].x;
  dweight[to + 24u * params.out_channels] = lower[4].x;
}
