// histogram[image, level] = how many pixels of the image have the level, 0 to 7.
//
// Layout: x [images, pixels], whole numbers 0 to 7; histogram [images, 8].
// Threads: a workgroup of 8 for each image. They count together, with atomics; then each writes one level.

const LEVELS: u32 = 8;

struct Params {
  pixels: u32, // of an image
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> histogram: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> counts: array<atomic<u32>, LEVELS>;

@compute @workgroup_size(LEVELS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = group.x * params.pixels;
  for (var i = thread; i < params.pixels; i += LEVELS) {
    atomicAdd(&counts[x[first + i]], 1u);
  }
  workgroupBarrier();
  histogram[group.x * LEVELS + thread] = atomicLoad(&counts[thread]);
}
