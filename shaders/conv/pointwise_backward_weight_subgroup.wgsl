// dweight[g,c,o] = sum over n, p of x[g,n,c,p] * dy[g,n,o,p]
//
// The gradient of a 1x1 convolution by its weights, a product of matrices, with dy handed round in the
// subgroup: what `backward_weight_plain.wgsl` defines, faster.
//
// Layout: x [G,N,C,row] and dy [G,N,O,row], all pixels of an image in one row of whole vec4s, filled up
// with zeros; partials [G,P,C,1,1,O] dense, P sums over parts of the images' pairs of vec4s, which
// `conv5x5/reduce_weight.wgsl` adds up in a fixed order. With P = 1 this is dweight itself.
// Threads: one for 4 channels and 8 output channels: 32 sums in registers, 8 pixels at a time. Workgroup y
// is the block of 8 output channels, workgroup z the network g and the part, so all lanes of a workgroup
// look at the same pixels of dy. Each loads them for 8 / LANES of the output channels, and they go round
// by broadcast: a register move instead of a load.
//
// Subgroups of LANES lanes or more. All lanes stay to the end (those past the last channel do it again
// and do not store), so that every lane that is asked for its dy is there.

enable subgroups;

const LANES: u32 = 8; // tunable: 4 8
override WORKGROUP_SIZE: u32 = 64;

struct Params {
  images: u32, // N
  channels: u32, // C
  out_channels: u32, // O
  row: u32, // vec4s from channel to channel
  parts: u32, // P
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// 4 pixels of dy for 8 output channels: o..o+3 (low) and o+4..o+7 (high).
struct Pixels {
  low0: vec4<f32>,
  low1: vec4<f32>,
  low2: vec4<f32>,
  low3: vec4<f32>,
  high0: vec4<f32>,
  high1: vec4<f32>,
  high2: vec4<f32>,
  high3: vec4<f32>,
}

// A pixel of dy from the lanes that hold it.
fn gather4(own: f32) -> vec4<f32> {
  return vec4<f32>(
    subgroupBroadcast(own, 0u),
    subgroupBroadcast(own, 1u),
    subgroupBroadcast(own, 2u),
    subgroupBroadcast(own, 3u),
  );
}

const FIFTH: u32 = 4u % LANES;

fn gather8(own: f32) -> vec4<f32> {
  return vec4<f32>(
    subgroupBroadcast(own, FIFTH),
    subgroupBroadcast(own, FIFTH + 1u),
    subgroupBroadcast(own, FIFTH + 2u),
    subgroupBroadcast(own, FIFTH + 3u),
  );
}

fn handed_round(own: vec4<f32>, own4: vec4<f32>) -> Pixels {
  return Pixels(
    gather4(own.x),
    gather4(own.y),
    gather4(own.z),
    gather4(own.w),
    gather8(own4.x),
    gather8(own4.y),
    gather8(own4.z),
    gather8(own4.w),
  );
}

// A channel's sums for 8 output channels.
struct Sums {
  low: vec4<f32>,
  high: vec4<f32>,
}

fn add(sums: ptr<function, Sums>, pixels: vec4<f32>, dy: Pixels) {
  (*sums).low += pixels.x * dy.low0;
  (*sums).high += pixels.x * dy.high0;
  (*sums).low += pixels.y * dy.low1;
  (*sums).high += pixels.y * dy.high1;
  (*sums).low += pixels.z * dy.low2;
  (*sums).high += pixels.z * dy.high2;
  (*sums).low += pixels.w * dy.low3;
  (*sums).high += pixels.w * dy.high3;
}

// Stores a channel's sums, as many of the 8 as there are output channels.
fn store(part: u32, c: u32, o: u32, sums: Sums) {
  if (c >= params.channels) {
    return;
  }
  let at = (part * params.channels + c) * params.out_channels + o;
  for (var k = 0u; k < 4u; k++) {
    if (o + k < params.out_channels) {
      partials[at + k] = sums.low[k];
    }
    if (o + 4u + k < params.out_channels) {
      partials[at + 4u + k] = sums.high[k];
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let c = (group.x * WORKGROUP_SIZE + local) * 4u;
  let last = params.channels - 1u;
  let o = group.y * 8u;
  let g = group.z / params.parts;
  let part = group.z % params.parts;
  let lane = invocation & (LANES - 1u);
  let row = params.row;

  var sums0 = Sums();
  var sums1 = Sums();
  var sums2 = Sums();
  var sums3 = Sums();
  let pairs_across = (row + 1u) / 2u;
  let pairs = params.images * pairs_across; // of vec4s
  let begin = part * pairs / params.parts;
  let end = (part + 1u) * pairs / params.parts;
  var n = g * params.images + begin / pairs_across;
  var p = begin % pairs_across * 2u;
  for (var pair = begin; pair < end; pair++) {
    let at = n * params.channels * row + p;
    let at0 = at + min(c, last) * row;
    let at1 = at + min(c + 1u, last) * row;
    let at2 = at + min(c + 2u, last) * row;
    let at3 = at + min(c + 3u, last) * row;
    let dy_at = (n * params.out_channels + o + lane) * row + p;
    {
      let own = dy[dy_at];
      var own4 = own;
      if (LANES == 4u) {
        own4 = dy[dy_at + 4u * row];
      }
      let pixels = handed_round(own, own4);
      add(&sums0, x[at0], pixels);
      add(&sums1, x[at1], pixels);
      add(&sums2, x[at2], pixels);
      add(&sums3, x[at3], pixels);
    }
    {
      // Past the last vec4 of an odd number: the last one again, times 0.
      let more = p + 1u < row;
      let next = select(0u, 1u, more);
      let own = select(vec4<f32>(), dy[dy_at + next], more);
      var own4 = own;
      if (LANES == 4u) {
        own4 = select(vec4<f32>(), dy[dy_at + 4u * row + next], more);
      }
      let pixels = handed_round(own, own4);
      add(&sums0, x[at0 + next], pixels);
      add(&sums1, x[at1 + next], pixels);
      add(&sums2, x[at2 + next], pixels);
      add(&sums3, x[at3 + next], pixels);
    }
    p += 2u;
    if (p >= row) {
      p = 0u;
      n++;
    }
  }
  store(group.z, c, o, sums0);
  store(group.z, c + 1u, o, sums1);
  store(group.z, c + 2u, o, sums2);
  store(group.z, c + 3u, o, sums3);
}
