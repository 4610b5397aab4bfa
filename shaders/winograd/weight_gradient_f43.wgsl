// dweight[g,c,ky,kx,o] = (G' U G)[ky,kx], U the 6x6 positions of dfilters[g,:,c,o]
//
// Winograd's F(4x4, 3x3), the gradient of the filters' transform: 36 sums of products become 3x3 taps.
//
// Layout: dfilters [G,36,C,O] and dweight [G,C,3,3,O], dense.
// Threads: one for a filter, output channels fastest; workgroup z is g.

override WORKGROUP_SIZE: u32 = 64;

struct Params {
  channels: u32, // C
  out_channels: u32, // O
}

alias Three = array<vec3<f32>, 3>;
alias Six = array<vec3<f32>, 6>;

@group(0) @binding(0) var<storage, read> dfilters: array<f32>;
@group(0) @binding(1) var<storage, read_write> dweight: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// G' of three columns at once.
fn transform(u: Six) -> Three {
  let even1 = (-1.0 / 6.0) * (u[1] + u[2]);
  let odd1 = (-1.0 / 6.0) * (u[1] - u[2]);
  let even2 = (1.0 / 24.0) * (u[3] + u[4]);
  let odd2 = (1.0 / 12.0) * (u[3] - u[4]);
  return Three(0.25 * u[0] + even1 + even2, odd1 + odd2, even1 + 4.0 * even2 + u[5]);
}

// Three rows as three columns: `transform` takes one in each lane of a vector.
fn turn(a: vec3<f32>, b: vec3<f32>, c: vec3<f32>) -> mat3x3<f32> {
  return transpose(mat3x3<f32>(a, b, c));
}

// Three positions of a row; `step` lies between positions.
fn load(at: u32, step: u32) -> vec3<f32> {
  return vec3<f32>(dfilters[at], dfilters[at + step], dfilters[at + 2u * step]);
}

// Three columns of positions, made three rows of taps.
fn rows(at: u32, step: u32) -> mat3x3<f32> {
  let taps = transform(Six(
    load(at, step),
    load(at + 6u * step, step),
    load(at + 12u * step, step),
    load(at + 18u * step, step),
    load(at + 24u * step, step),
    load(at + 30u * step, step),
  ));
  return turn(taps[0], taps[1], taps[2]);
}

// Stores a column of taps.
fn store(at: u32, column: vec3<f32>) {
  dweight[at] = column.x;
  dweight[at + 3u * params.out_channels] = column.y;
  dweight[at + 6u * params.out_channels] = column.z;
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
  let at = group.z * 36u * step + id.x;
  let left = rows(at, step);
  let right = rows(at + 3u * step, step);
  let taps = transform(Six(left[0], left[1], left[2], right[0], right[1], right[2]));

  let to = (group.z * params.channels + c) * 9u * params.out_channels + o;
  store(to, taps[0]);
  store(to + params.out_channels, taps[1]);
  store(to + 2u * params.out_channels, taps[2]);
}
