// y [M, N] = a [M, K] b [K, N]: tiles in workgroup memory, and 4 x 4 sums in registers.
//
// Layout: all dense, N a multiple of 4, so that rows of b and y are whole vec4s.
// Threads: a workgroup of 64 for 32 rows and 32 columns of y, a thread for 4 x 4 of them. Of every 8 terms a thread fetches
// 4 numbers of a and one vec4 of b into workgroup memory; what lies past the end is 0 there.

const LANES: u32 = 64;
const TILE: u32 = 32; // rows of a workgroup
const QUADS: u32 = 8; // its columns, in vec4s
const TERMS: u32 = 8;
const NUMBERS: u32 = 256; // TILE * TERMS

struct Params {
  rows: u32, // M
  columns: u32, // N
  terms: u32, // K
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> a_tile: array<f32, NUMBERS>; // [row][term]
var<workgroup> b_tile: array<vec4<f32>, LANES>; // [term][quad]

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let across = params.columns / 4u;
  let first_row = group.y * TILE;
  let n = group.x * QUADS + lane % QUADS;
  let row = lane / QUADS * 4u; // of the tile
  var sums: array<vec4<f32>, 4>;
  for (var first = 0u; first < params.terms; first += TERMS) {
    for (var at = lane; at < NUMBERS; at += LANES) {
      let m = first_row + at / TERMS;
      let k = first + at % TERMS;
      a_tile[at] = 0.0;
      if (m < params.rows && k < params.terms) {
        a_tile[at] = a[m * params.terms + k];
      }
    }
    let k = first + lane / QUADS;
    b_tile[lane] = vec4<f32>();
    if (k < params.terms && n < across) {
      b_tile[lane] = b[k * across + n];
    }
    workgroupBarrier();
    for (var t = 0u; t < TERMS; t++) {
      let right = b_tile[t * QUADS + lane % QUADS];
      for (var i = 0u; i < 4u; i++) {
        sums[i] += a_tile[(row + i) * TERMS + t] * right;
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let m = first_row + row + i;
    if (m < params.rows && n < across) {
      y[m * across + n] = sums[i];
    }
  }
}
