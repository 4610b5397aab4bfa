// y[n,o,i,j] = sum over c, ky, kx of x[n,c, i+ky-2, j+kx-2] * weight[c,ky,kx,o]: a workgroup fetches its part of x once.
//
// Layout: x [N,C,H,W] with a zero border of 2 and rows of whole vec4s, so that no tap needs a test; weight [C,5,5,O] and
// y [N,O,H,W] dense.
// Threads: a workgroup of 8 x 8 for as many elements of one channel of y, a thread for each. Of each channel of x they fetch the
// 12 x 12 numbers that they see into workgroup memory.

const TILE: u32 = 8;
const LANES: u32 = 64; // TILE * TILE
const SEEN: u32 = 12; // TILE and the border
const NUMBERS: u32 = 144; // SEEN * SEEN

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  height: u32,
  width: u32,
  x_row: u32, // from row to row of x
  x_plane: u32, // from channel to channel of x
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> part: array<f32, NUMBERS>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let o = group.z % params.out_channels;
  let n = group.z / params.out_channels;
  let row = lane / TILE;
  let column = lane % TILE;
  var sum = 0.0;
  for (var c = 0u; c < params.channels; c++) {
    for (var at = lane; at < NUMBERS; at += LANES) {
      let i = group.y * TILE + at / SEEN;
      let j = group.x * TILE + at % SEEN;
      part[at] = 0.0;
      if (i < params.height + 4u && j < params.width + 4u) {
        part[at] = x[(n * params.channels + c) * params.x_plane + i * params.x_row + j];
      }
    }
    workgroupBarrier();
    for (var tap = 0u; tap < 25u; tap++) {
      let seen = part[(row + tap / 5u) * SEEN + column + tap % 5u];
      sum += seen * weight[(c * 25u + tap) * params.out_channels + o];
    }
    workgroupBarrier();
  }
  let i = group.y * TILE + row;
  let j = group.x * TILE + column;
  if (i < params.height && j < params.width) {
    y[(group.z * params.height + i) * params.width + j] = sum;
  }
}
