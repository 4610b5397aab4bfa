// Contrast-limited adaptive histogram equalization (Zuiderveld 1994; OpenCV's), first half: a table of grey
// levels for every tile of every image.
//   n(k)     = pixels of level k in the tile; the image continues mirrored past its right and lower end
//   excess   = sum of max(n(k) - limit, 0), taken off the peaks and given to all levels alike; what does not divide by
//              256 goes to every step-th level, one each
//   table(k) = round(255 / area * sum_{m <= k} n(m))
//
// Layout: x [N, H, W], whole numbers 0..255; table u32 [N, tiles_y, tiles_x, 256].
// Threads: one workgroup per tile, one thread per grey level. Whole numbers up to the last product: exact.

const LEVELS: u32 = 256;
const SUMS: u32 = 512; // two rows of LEVELS: the prefix sum reads one and writes the other

struct Params {
  height: u32,
  width: u32,
  tiles_y: u32,
  tiles_x: u32,
  tile_height: u32,
  tile_width: u32,
  limit: u32, // most pixels of a level; 0: as many as there are
  scale: f32, // 255 / (tile_height * tile_width)
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> table: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> counts: array<atomic<u32>, LEVELS>;
var<workgroup> excess: atomic<u32>;
var<workgroup> sums: array<u32, SUMS>;

// Mirrored at the last row or column, which is not repeated; to and fro where the image is that small.
fn mirrored(at: u32, extent: u32) -> u32 {
  if (extent == 1u) {
    return 0u;
  }
  let period = 2u * (extent - 1u);
  let place = at % period;
  return select(place, period - place, place >= extent);
}

@compute @workgroup_size(LEVELS)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let k = local.x;
  let first = group.z * params.height * params.width;
  atomicStore(&counts[k], 0u);
  if (k == 0u) {
    atomicStore(&excess, 0u);
  }
  workgroupBarrier();
  let area = params.tile_height * params.tile_width;
  for (var i = k; i < area; i += LEVELS) {
    let row = mirrored(group.y * params.tile_height + i / params.tile_width, params.height);
    let column = mirrored(group.x * params.tile_width + i % params.tile_width, params.width);
    let level = min(u32(x[first + row * params.width + column] + 0.5), 255u);
    atomicAdd(&counts[level], 1u);
  }
  workgroupBarrier();
  var count = atomicLoad(&counts[k]);
  if (params.limit > 0u && count > params.limit) {
    atomicAdd(&excess, count - params.limit);
    count = params.limit;
  }
  workgroupBarrier();
  let clipped = atomicLoad(&excess);
  count += clipped / LEVELS;
  let rest = clipped % LEVELS;
  if (rest > 0u) {
    let step = LEVELS / rest;
    if (k % step == 0u && k / step < rest) {
      count += 1u;
    }
  }

  // Prefix sum in 8 doubling steps, from one row of `sums` to the other.
  sums[k] = count;
  workgroupBarrier();
  var row = 0u;
  for (var distance = 1u; distance < LEVELS; distance *= 2u) {
    var sum = sums[row + k];
    if (k >= distance) {
      sum += sums[row + k - distance];
    }
    row = LEVELS - row;
    sums[row + k] = sum;
    workgroupBarrier();
  }
  let level = round(f32(sums[row + k]) * params.scale);
  let tile = (group.z * params.tiles_y + group.y) * params.tiles_x + group.x;
  table[tile * LEVELS + k] = u32(min(level, 255.0));
}
