// Contrast-limited adaptive histogram equalization of pictures of any values (scikit-image's equalize_adapthist),
// second of three parts: a table of the bins for every tile of every image.
//   n(k)     = pixels of bin k in the tile; the image continues mirrored past its right and lower end
//   excess   = sum of max(n(k) - limit, 0), taken off the peaks; excess / BINS goes to every bin below the limit, and what
//              comes that close to it is filled. What is left goes, one each, to every step-th bin that is still below, from
//              the first bin on, then from the second, ..., with as long a step as gives it all away.
//   table(k) = floor(16383 / area * sum_{m <= k} n(m)), at most 16383
//
// Layout: bin [N, H, W] u32; table u32 [N, tiles_y, tiles_x, BINS].
// Threads: one workgroup per tile. They count together; then each has bins of its own, side by side. Whole numbers: exact.

override BINS: u32 = 256; // at most MOST

const MOST: u32 = 1024;
const SIZE: u32 = 64; // invocations
const TOP: u32 = 16383;

struct Params {
  height: u32,
  width: u32,
  tiles_y: u32,
  tiles_x: u32,
  tile_height: u32,
  tile_width: u32,
  limit: u32, // most pixels of a bin
}

@group(0) @binding(0) var<storage, read> bin: array<u32>;
@group(0) @binding(1) var<storage, read_write> table: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> counts: array<atomic<u32>, MOST>;
var<workgroup> sums: array<u32, SIZE>;
var<workgroup> excess: atomic<i32>; // below 0 where more was filled than there was
var<workgroup> below: atomic<u32>; // bins below the limit
var<workgroup> stride: u32;

// Mirrored at the last row or column, which is not repeated; to and fro where the image is that small.
fn mirrored(at: u32, extent: u32) -> u32 {
  if (extent == 1u) {
    return 0u;
  }
  let period = 2u * (extent - 1u);
  let place = at % period;
  return select(place, period - place, place >= extent);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let own = (BINS + SIZE - 1u) / SIZE;
  let start = min(t * own, BINS);
  let end = min(start + own, BINS);
  let limit = params.limit;
  let area = params.tile_height * params.tile_width;
  for (var k = start; k < end; k++) {
    atomicStore(&counts[k], 0u);
  }
  if (t == 0u) {
    atomicStore(&excess, 0);
    atomicStore(&below, 0u);
  }
  workgroupBarrier();
  let first = group.z * params.height * params.width;
  for (var i = t; i < area; i += SIZE) {
    let row = mirrored(group.y * params.tile_height + i / params.tile_width, params.height);
    let column = mirrored(group.x * params.tile_width + i % params.tile_width, params.width);
    atomicAdd(&counts[bin[first + row * params.width + column]], 1u);
  }
  workgroupBarrier();

  var over = 0u;
  for (var k = start; k < end; k++) {
    let count = atomicLoad(&counts[k]);
    over += max(count, limit) - limit;
    atomicStore(&counts[k], min(count, limit));
  }
  atomicAdd(&excess, i32(over));
  workgroupBarrier();
  let share = u32(atomicLoad(&excess)) / BINS;
  workgroupBarrier();
  var given = 0u;
  for (var k = start; k < end; k++) {
    let count = atomicLoad(&counts[k]);
    var filled = count;
    if (filled + share < limit) {
      filled += share;
    }
    if (filled + share >= limit) {
      filled = limit;
    }
    given += filled - count;
    atomicStore(&counts[k], filled);
  }
  atomicSub(&excess, i32(given));

  var begin = 0u;
  loop {
    var mine = 0u;
    for (var k = start; k < end; k++) {
      mine += select(0u, 1u, atomicLoad(&counts[k]) < limit);
    }
    atomicAdd(&below, mine);
    workgroupBarrier();
    if (t == 0u) {
      let left = atomicLoad(&excess);
      let open = atomicExchange(&below, 0u);
      stride = 0u;
      if (left > 0 && open > 0u) {
        stride = max(open / u32(left), 1u);
      }
    }
    let step = workgroupUniformLoad(&stride);
    if (step == 0u) {
      break;
    }
    given = 0u;
    for (var k = max(start, begin); k < end; k++) {
      if ((k - begin) % step == 0u && atomicLoad(&counts[k]) < limit) {
        atomicAdd(&counts[k], 1u);
        given++;
      }
    }
    atomicSub(&excess, i32(given));
    begin = (begin + 1u) % BINS;
  }

  var sum = 0u;
  for (var k = start; k < end; k++) {
    sum += atomicLoad(&counts[k]);
  }
  sums[t] = sum;
  workgroupBarrier();
  sum = 0u;
  for (var i = 0u; i < t; i++) {
    sum += sums[i];
  }
  let tile = (group.z * params.tiles_y + group.y) * params.tiles_x + group.x;
  for (var k = start; k < end; k++) {
    sum += atomicLoad(&counts[k]);
    table[tile * BINS + k] = min(sum, area) * TOP / area;
  }
}
