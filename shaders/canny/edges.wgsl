// Edges from gradients: threshold by percentile, non-maximum suppression, hysteresis.
//   high    = the rank-th smallest squared gradient of the image (rank = ceil(percentile * H * W)),
//             rounded down to 6 significant bits; low = high * low_ratio^2
//   ridge   = greater than the neighbour before it along its direction, and not less than the one after
//   edges   = ridge pixels >= low that are joined (8 neighbours) to a ridge pixel >= high through such
// A pixel without gradient is never an edge, so a blank image has none.
//
// Layout: gradient u32 [N, H, W] as gradient.wgsl packs it; edges u32 [N, H, W], 0 or 1.
// Threads: one workgroup per image. The histogram behind the percentile has 32 bins an octave, so its
//   precision does not depend on the contrast. Hysteresis floods one bit map within another, 32 pixels a word, until a
//   sweep changes nothing. Threads read words that others are writing, which is why they are atomic; what
//   the flood arrives at does not depend on the order.

const STRIP: u32 = 4; // pixels of a row that a thread takes at once: one atomic operation for all
const BINS: u32 = 832; // 26 octaves

override WORKGROUP_SIZE: u32 = 64;
override WORDS: u32 = 288; // of a bit map

struct Params {
  height: u32,
  width: u32,
  rank: u32,
  low_ratio: u32, // (low / high)^2 * 65536
}

@group(0) @binding(0) var<storage, read> gradient: array<u32>;
@group(0) @binding(1) var<storage, read_write> edges: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> bins: array<atomic<u32>, BINS / 2>; // two counts a word, as there are fewer than 65,536 pixels
var<workgroup> sums: array<u32, WORKGROUP_SIZE>; // pixels in the bins of a thread
var<workgroup> high: u32;
var<workgroup> candidates: array<atomic<u32>, WORDS>;
var<workgroup> marked: array<atomic<u32>, WORDS>;
var<workgroup> changes: atomic<u32>;
var<workgroup> changed: u32;

// The exponent and the five bits after the leading one; smaller numbers as they are.
fn bin_of(value: u32) -> u32 {
  if (value < 32u) {
    return value;
  }
  let exponent = firstLeadingBit(value) - 5u;
  return exponent * 32u + (value >> exponent);
}

fn count_of(bin: u32) -> u32 {
  return (atomicLoad(&bins[bin / 2u]) >> (bin % 2u * 16u)) & 0xffffu;
}

fn lower_end(bin: u32) -> u32 {
  if (bin < 64u) {
    return bin;
  }
  let exponent = bin / 32u - 1u;
  return (bin - exponent * 32u) << exponent;
}

fn squared(first: u32, x: i32, y: i32) -> u32 {
  if (x < 0 || y < 0 || x >= i32(params.width) || y >= i32(params.height)) {
    return 0u;
  }
  return gradient[first + u32(y) * params.width + u32(x)] >> 2u;
}

// A word of the row and what its neighbours in the row reach into it, with the rows above and below.
fn column_of(word: i32, row: i32, words: i32) -> u32 {
  if (word < 0 || word >= words) {
    return 0u;
  }
  var bits = atomicLoad(&marked[row * words + word]);
  if (row > 0) {
    bits |= atomicLoad(&marked[(row - 1) * words + word]);
  }
  if (row + 1 < i32(params.height)) {
    bits |= atomicLoad(&marked[(row + 1) * words + word]);
  }
  return bits;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let t = local.x;
  let pixels = params.height * params.width;
  let first = group.x * pixels;
  let words = (params.width + 31u) / 32u;
  let count = words * params.height;
  for (var i = t; i < BINS / 2u; i += WORKGROUP_SIZE) {
    atomicStore(&bins[i], 0u);
  }
  for (var i = t; i < count; i += WORKGROUP_SIZE) {
    atomicStore(&candidates[i], 0u);
    atomicStore(&marked[i], 0u);
  }
  workgroupBarrier();
  for (var i = t; i < pixels; i += WORKGROUP_SIZE) {
    let bin = bin_of(gradient[first + i] >> 2u);
    atomicAdd(&bins[bin / 2u], 1u << (bin % 2u * 16u));
  }
  workgroupBarrier();

  // The thread whose bins the rank falls into finds it.
  let first_bin = BINS / WORKGROUP_SIZE * t;
  var own = 0u;
  for (var bin = first_bin; bin < first_bin + BINS / WORKGROUP_SIZE; bin++) {
    own += count_of(bin);
  }
  sums[t] = own;
  workgroupBarrier();
  var smaller = 0u; // gradients than those of bin
  for (var i = 0u; i < t; i++) {
    smaller += sums[i];
  }
  if (smaller < params.rank && params.rank <= smaller + own) {
    var bin = first_bin;
    loop {
      smaller += count_of(bin);
      if (smaller >= params.rank) {
        break;
      }
      bin++;
    }
    high = max(lower_end(bin), 1u);
  }
  workgroupBarrier();
  let strong = high;
  let weak = max((strong >> 16u) * params.low_ratio + (((strong & 0xffffu) * params.low_ratio) >> 16u), 1u);

  let strips = (params.width + STRIP - 1u) / STRIP;
  for (var i = t; i < strips * params.height; i += WORKGROUP_SIZE) {
    let y = i / strips;
    let left = i % strips * STRIP;
    var ridge = 0u;
    var seed = 0u;
    for (var x = left; x < min(left + STRIP, params.width); x++) {
      let packed = gradient[first + y * params.width + x];
      let value = packed >> 2u;
      if (value >= weak) {
        // The neighbours along the gradient: (-1, 0), (-1, -1), (0, -1) or (1, -1), and the opposite.
        let sector = packed & 3u;
        let dx = select(select(-1, 1, sector == 3u), 0, sector == 2u);
        let dy = select(-1, 0, sector == 0u);
        let before = squared(first, i32(x) + dx, i32(y) + dy);
        if (value > before && value >= squared(first, i32(x) - dx, i32(y) - dy)) {
          ridge |= 1u << (x & 31u);
          seed |= select(0u, 1u, value >= strong) << (x & 31u);
        }
      }
    }
    if (ridge != 0u) {
      atomicOr(&candidates[y * words + left / 32u], ridge);
      atomicOr(&marked[y * words + left / 32u], seed);
    }
  }
  workgroupBarrier();

  var sweep = 0u;
  loop {
    for (var i = t; i < count; i += WORKGROUP_SIZE) {
      // Every other sweep goes upwards, for adapters that run invocations in turn.
      let at = select(i, count - 1u - i, (sweep & 1u) == 1u);
      let allowed = atomicLoad(&candidates[at]);
      let old = atomicLoad(&marked[at]);
      if (old != allowed) {
        let word = i32(at % words);
        let r = i32(at / words);
        let middle = column_of(word, r, i32(words));
        let side = (column_of(word - 1, r, i32(words)) >> 31u) | (column_of(word + 1, r, i32(words)) << 31u);
        var now = old | ((middle | (middle << 1u) | (middle >> 1u) | side) & allowed);
        if (now != old) {
          // Along the row within the word at once.
          loop {
            let wider = now | (((now << 1u) | (now >> 1u)) & allowed);
            if (wider == now) {
              break;
            }
            now = wider;
          }
          atomicOr(&marked[at], now);
          atomicStore(&changes, 1u);
        }
      }
    }
    workgroupBarrier();
    if (t == 0u) {
      changed = atomicExchange(&changes, 0u);
    }
    workgroupBarrier();
    if (workgroupUniformLoad(&changed) == 0u) {
      break;
    }
    sweep++;
  }

  for (var i = t; i < strips * params.height; i += WORKGROUP_SIZE) {
    let y = i / strips;
    let left = i % strips * STRIP;
    let bits = atomicLoad(&marked[y * words + left / 32u]);
    for (var x = left; x < min(left + STRIP, params.width); x++) {
      edges[first + y * params.width + x] = (bits >> (x & 31u)) & 1u;
    }
  }
}
