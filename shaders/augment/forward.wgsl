// Gathers images by index, augments them (mirror, rotation, scale, shift, contrast, brightness, erasing)
// and resizes them, in one dispatch.
//
// With u, v = the output pixel's centre relative to the output's centre, the source position relative
// to the source's centre is
//   px = ratio_x * ( cos u + sin v) / scale - shift_x,   -px where the image is mirrored
//   py = ratio_y * (-sin u + cos v) / scale - shift_y,   ratio = source size / output size
// and the pixel there is interpolated bilinearly. Beyond the border the nearest edge pixel is taken.
// Without augmentation this is the resize with half-pixel centres (PyTorch's align_corners = False).
//
// Layout: images bytes [count, source_height, source_width], 4 in a u32, first in the low bits;
// indices [batch] or, for sequences, [frames]; y [frames, height, width], whole numbers 0..255.
// Frame f belongs to sample f % batch.
// Threads: one per frame, column of the output and ROWS rows. Each draws its frame's random numbers again:
//   for so many pixels that is cheaper than sharing them.
//
// Everything is integer arithmetic in fixed point, so that every adapter makes the same bytes:
// angles, cosines, scales and contrast have 14 bits of fraction, positions 20, weights and grey levels 10.

override WORKGROUP_SIZE: u32 = 64;
const ROWS: i32 = 8;

const ONE: i32 = 16384; // 1 with 14 bits of fraction

struct Step {
  seed: u32,
  number: u32,
  learning_rate: f32,
  mirror: u32,
  shift_x: f32,
  shift_y: f32,
}

struct Params {
  count: u32, // images
  source_width: i32,
  source_height: i32,
  width: i32, // of the output
  height: i32,
  frames: u32,
  batch: u32,
  sequence: u32, // 1: every frame has an index of its own, and the frames of a sample move alike
  ratio_x: i32, // source size / output size / 2, with 20 bits of fraction
  ratio_y: i32,
  random: u32, // 0: the view that `step` asks for; 1: drawn
  stream: u32,
  mirror: u32, // probability, with 24 bits of fraction
  shift: i32, // largest, in sizes, with 16 bits of fraction
  rotation: i32, // largest, in radians
  scale_min: i32,
  scale_max: i32,
  brightness: i32, // largest, in 1/64 grey levels
  contrast: i32, // largest deviation from 1
  erase: u32, // probability, with 24 bits of fraction
  erase_min: i32, // side of the erased rectangle, in output sizes, with 15 bits of fraction
  erase_max: i32,
  erase_grey: u32, // 256: drawn
}

@group(0) @binding(0) var<storage, read> images: array<u32>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read> step: Step;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn pcg(v: u32) -> u32 {
  let s = v * 747796405u + 2891336453u;
  let w = ((s >> ((s >> 28u) + 4u)) ^ s) * 277803737u;
  return (w >> 22u) ^ w;
}

// Whole number in low .. high - 1 (low where they are equal), at most 65536 of them.
fn draw(bits: u32, low: i32, high: i32) -> i32 {
  return low + i32((u32(high - low) * (bits >> 16u)) >> 16u);
}

// a * b / 2^14, in two parts so that nothing overflows.
fn scaled(a: i32, b: i32) -> i32 {
  return (a >> 14u) * b + (((a & (ONE - 1)) * b) >> 14u);
}

// Taylor series, for angles up to a right angle.
fn sine(angle: i32) -> i32 {
  let t = scaled(angle, angle);
  return scaled(angle, ONE - scaled(t, ONE - scaled(t, ONE - t / 42) / 20) / 6);
}

fn cosine(angle: i32) -> i32 {
  let t = scaled(angle, angle);
  return ONE - scaled(t, ONE - scaled(t, ONE - scaled(t, ONE - t / 56) / 30) / 12) / 2;
}

// The byte at (px, py) of the image whose first byte is `image`; beyond the border the nearest one.
fn pixel(image: u32, px: i32, py: i32) -> i32 {
  let column = clamp(px, 0, params.source_width - 1);
  let row = clamp(py, 0, params.source_height - 1);
  let at = image + u32(row * params.source_width + column);
  return i32((images[at >> 2u] >> ((at & 3u) * 8u)) & 255u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let i = i32(id.x + id.y * groups.x * WORKGROUP_SIZE);
  let column = i % params.width;
  let bands = (params.height + ROWS - 1) / ROWS;
  let band = i / params.width % bands;
  let frame = u32(i / (params.width * bands));
  if (frame >= params.frames) {
    return;
  }
  let top = band * ROWS;
  let bottom = min(top + ROWS, params.height);
  let first = i32(frame) * params.height * params.width + column;
  let sample = frame % params.batch;
  let index = indices[select(sample, frame, params.sequence == 1u)];
  if (index >= params.count) { // an absent sample has the index 0xffffffff
    for (var row = top; row < bottom; row++) {
      y[first + row * params.width] = 0.0;
    }
    return;
  }

  // The view: what the step asks for, or drawn.
  var mirrored = step.mirror == 1u;
  var shift_x = i32(step.shift_x * 1048576.0);
  var shift_y = i32(step.shift_y * 1048576.0);
  var angle = 0;
  var scale = ONE;
  var contrast = ONE;
  var brightness = 0;
  var erase_top = 0; // rows of this column that are erased
  var erase_bottom = 0;
  var grey = 0u;
  if (params.random == 1u) {
    let element = select(frame, sample, params.sequence == 1u) * 16u;
    let key = element + pcg(params.stream + pcg(step.number + pcg(step.seed)));
    mirrored = (pcg(key) >> 8u) < params.mirror;
    shift_x = draw(pcg(key + 1u), -params.shift, params.shift) * params.source_width * 16;
    shift_y = draw(pcg(key + 2u), -params.shift, params.shift) * params.source_height * 16;
    angle = draw(pcg(key + 3u), -params.rotation, params.rotation);
    scale = draw(pcg(key + 4u), params.scale_min, params.scale_max);
    contrast = draw(pcg(key + 5u), ONE - params.contrast, ONE + params.contrast);
    brightness = draw(pcg(key + 6u), -params.brightness, params.brightness) * 16;
    if ((pcg(key + 7u) >> 8u) < params.erase) {
      let erase_width = (draw(pcg(key + 8u), params.erase_min, params.erase_max) * params.width) >> 15u;
      let erase_height = (draw(pcg(key + 9u), params.erase_min, params.erase_max) * params.height) >> 15u;
      let left = draw(pcg(key + 10u), 0, params.width - erase_width + 1);
      if (column >= left && column < left + erase_width) {
        erase_top = draw(pcg(key + 11u), 0, params.height - erase_height + 1);
        erase_bottom = erase_top + erase_height;
        grey = select(params.erase_grey, pcg(key + 12u) >> 24u, params.erase_grey == 256u);
      }
    }
  }

  // Where the pixels come from: half pixels from the centre, turned and scaled.
  let u = 2 * column + 1 - params.width;
  let shrink = (ONE * ONE) / scale;
  let along = scaled(cosine(angle), shrink);
  let across = scaled(sine(angle), shrink);
  let px = scaled(params.ratio_x, along) * u - shift_x;
  let py = -scaled(params.ratio_y, across) * u - shift_y;
  let px_row = scaled(params.ratio_x, across);
  let py_row = scaled(params.ratio_y, along);
  let image = index * u32(params.source_width * params.source_height);
  for (var row = top; row < bottom; row++) {
    if (row >= erase_top && row < erase_bottom) {
      y[first + row * params.width] = f32(grey);
      continue;
    }
    let v = 2 * row + 1 - params.height;
    let from_centre = px + px_row * v;
    let sx = select(from_centre, -from_centre, mirrored) + (params.source_width - 1) * 524288; // from pixel 0's centre
    let sy = py + py_row * v + (params.source_height - 1) * 524288;
    let x0 = sx >> 20u;
    let y0 = sy >> 20u;
    let wx = (sx >> 10u) & 1023;
    let wy = (sy >> 10u) & 1023;
    let upper = pixel(image, x0, y0) * (1024 - wx) + pixel(image, x0 + 1, y0) * wx;
    let lower = pixel(image, x0, y0 + 1) * (1024 - wx) + pixel(image, x0 + 1, y0 + 1) * wx;
    let value = (upper * (1024 - wy) + lower * wy) >> 10u;

    // Contrast about mid grey, brightness, and rounding (halves up) to a byte.
    let lit = scaled(value - 131072, contrast) + 131072 + brightness;
    y[first + row * params.width] = f32(clamp((lit + 512) >> 10u, 0, 255));
  }
}
