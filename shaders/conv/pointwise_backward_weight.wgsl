// dweight[g,c,o] = sum over n, p of x[g,n,c,p] * dy[g,n,o,p]
//
// The gradient of a 1x1 convolution by its weights, a product of matrices: what
// `backward_weight_plain.wgsl` defines, faster.
//
// Layout: x [G,N,C,row] and dy [G,N,O,row], all pixels of an image in one row of whole vec4s, filled up
// with zeros; partials [G,P,C,1,1,O] dense, P sums over parts of the images' vec4s, which
// `conv5x5/reduce_weight.wgsl` adds up in a fixed order. With P = 1 this is dweight itself.
// Threads: one for 4 channels and 8 output channels: 32 sums in registers, 4 pixels at a time. Workgroup y
// is the block of 8 output channels, workgroup z the network g and the part, so all lanes of a workgroup
// look at the same pixels of dy. They read the same addresses, which a GPU does in one access.

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

fn pixels_at(at: u32) -> Pixels {
  let step = params.row;
  let a = dy[at];
  let b = dy[at + step];
  let c = dy[at + 2u * step];
  let d = dy[at + 3u * step];
  let e = dy[at + 4u * step];
  let f = dy[at + 5u * step];
  let g = dy[at + 6u * step];
  let h = dy[at + 7u * step];
  return Pixels(
    vec4<f32>(a.x, b.x, c.x, d.x),
    vec4<f32>(a.y, b.y, c.y, d.y),
    vec4<f32>(a.z, b.z, c.z, d.z),
    vec4<f32>(a.w, b.w, c.w, d.w),
    vec4<f32>(e.x, f.x, g.x, h.x),
    vec4<f32>(e.y, f.y, g.y, h.y),
    vec4<f32>(e.z, f.z, g.z, h.z),
    vec4<f32>(e.w, f.w, g.w, h.w),
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
) {
  let c = (group.x * WORKGROUP_SIZE + local) * 4u;
  if (c >= params.channels) {
    return;
  }
  let last = params.channels - 1u;
  let o = group.y * 8u;
  let g = group.z / params.parts;
  let part = group.z % params.parts;
  let row = params.row;

  var sums0 = Sums();
  var sums1 = Sums();
  var sums2 = Sums();
  var sums3 = Sums();
  let vectors = params.images * row;
  let begin = part * vectors / params.parts;
  let end = (part + 1u) * vectors / params.parts;
  for (var vector = begin; vector < end; vector++) {
    let n = g * params.images + vector / row;
    let p = vector % row;
    let at = n * params.channels * row + p;
    let pixels = pixels_at((n * params.out_channels + o) * row + p);
    add(&sums0, x[at + c * row], pixels);
    add(&sums1, x[at + min(c + 1u, last) * row], pixels);
    add(&sums2, x[at + min(c + 2u, last) * row], pixels);
    add(&sums3, x[at + min(c + 3u, last) * row], pixels);
  }
  store(group.z, c, o, sums0);
  store(group.z, c + 1u, o, sums1);
  store(group.z, c + 2u, o, sums2);
  store(group.z, c + 3u, o, sums3);
}
