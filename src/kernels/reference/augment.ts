import { random, randomUniform } from '../random';

/** What is drawn for a frame, in the fixed point of the kernel (bits of fraction in the names' comments). */
interface View {
  mirrored: boolean;
  shiftX: number; // 20 bits
  shiftY: number;
  angle: number; // 14
  scale: number; // 14
  contrast: number; // 14
  brightness: number; // 10
  erased?: { left: number; top: number; width: number; height: number; grey: number };
}

export interface AugmentReferenceParams {
  count: number;
  source_width: number;
  source_height: number;
  width: number;
  height: number;
  frames: number;
  batch: number;
  sequence: number;
  ratio_x: number;
  ratio_y: number;
  random: number;
  stream: number;
  mirror: number;
  shift: number;
  rotation: number;
  scale_min: number;
  scale_max: number;
  brightness: number;
  contrast: number;
  erase: number;
  erase_min: number;
  erase_max: number;
  erase_grey: number;
}

/** The leading fields of the step state. */
export interface StepNumbers {
  seed: number;
  number: number;
  mirror: number;
  shiftX: number;
  shiftY: number;
}

const ONE = 16384;

/** floor(a * b / 2^14): doubles hold every product exactly. */
const scaled = (a: number, b: number) => Math.floor((a * b) / ONE);
const whole = Math.trunc;

/** Angle and result with 14 bits of fraction. */
export function sine(angle: number): number {
  const t = scaled(angle, angle);
  const inner = whole(scaled(t, ONE - whole(t / 42)) / 20);
  return scaled(angle, ONE - whole(scaled(t, ONE - inner) / 6));
}

/** Angle and result with 14 bits of fraction. */
export function cosine(angle: number): number {
  const t = scaled(angle, angle);
  const inner = whole(scaled(t, ONE - whole(t / 56)) / 30);
  return ONE - whole(scaled(t, ONE - whole(scaled(t, ONE - inner) / 12)) / 2);
}

/** The view of one frame: the step's, or drawn by (seed, step, stream, element). */
export function view(step: StepNumbers, params: AugmentReferenceParams, frame: number): View {
  if (params.random === 0) {
    return {
      mirrored: step.mirror === 1,
      shiftX: whole(step.shiftX * 2 ** 20),
      shiftY: whole(step.shiftY * 2 ** 20),
      angle: 0,
      scale: ONE,
      contrast: ONE,
      brightness: 0,
    };
  }
  const element = (params.sequence === 1 ? frame % params.batch : frame) * 16;
  const bits = (k: number) => random(step.seed, step.number, params.stream, element + k);
  const chance = (k: number, of: number) =>
    randomUniform(step.seed, step.number, params.stream, element + k) < of / 2 ** 24;
  const draw = (k: number, low: number, high: number) =>
    low + Math.floor(((high - low) * (bits(k) >>> 16)) / 65536);
  const drawn: View = {
    mirrored: chance(0, params.mirror),
    shiftX: draw(1, -params.shift, params.shift) * params.source_width * 16,
    shiftY: draw(2, -params.shift, params.shift) * params.source_height * 16,
    angle: draw(3, -params.rotation, params.rotation),
    scale: draw(4, params.scale_min, params.scale_max),
    contrast: draw(5, ONE - params.contrast, ONE + params.contrast),
    brightness: draw(6, -params.brightness, params.brightness) * 16,
  };
  if (chance(7, params.erase)) {
    const width = Math.floor((draw(8, params.erase_min, params.erase_max) * params.width) / 32768);
    const height = Math.floor(
      (draw(9, params.erase_min, params.erase_max) * params.height) / 32768,
    );
    drawn.erased = {
      width,
      height,
      left: draw(10, 0, params.width - width + 1),
      top: draw(11, 0, params.height - height + 1),
      grey: params.erase_grey === 256 ? bits(12) >>> 24 : params.erase_grey,
    };
  }
  return drawn;
}

/** Gathers, augments and resizes, in the kernel's fixed point: equal bit for bit. */
export function augmentForward(
  bytes: ArrayLike<number>,
  indices: ArrayLike<number>,
  step: StepNumbers,
  params: AugmentReferenceParams,
): Float64Array {
  const { width, height, source_width, source_height } = params;
  const y = new Float64Array(params.frames * width * height);
  for (let frame = 0; frame < params.frames; frame++) {
    const index = indices[params.sequence === 1 ? frame : frame % params.batch];
    if (index >= params.count) continue;
    const { mirrored, shiftX, shiftY, angle, scale, contrast, brightness, erased } = view(
      step,
      params,
      frame,
    );
    const pixel = (px: number, py: number) => {
      const column = Math.min(Math.max(px, 0), source_width - 1);
      const row = Math.min(Math.max(py, 0), source_height - 1);
      return bytes[(index * source_height + row) * source_width + column];
    };
    const shrink = whole((ONE * ONE) / scale);
    const along = scaled(cosine(angle), shrink);
    const across = scaled(sine(angle), shrink);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const at = (frame * height + row) * width + column;
        if (
          erased &&
          column >= erased.left &&
          column < erased.left + erased.width &&
          row >= erased.top &&
          row < erased.top + erased.height
        ) {
          y[at] = erased.grey;
          continue;
        }
        const u = 2 * column + 1 - width;
        const v = 2 * row + 1 - height;
        const px = scaled(params.ratio_x, along) * u + scaled(params.ratio_x, across) * v - shiftX;
        const py = scaled(params.ratio_y, along) * v - scaled(params.ratio_y, across) * u - shiftY;
        const sx = (mirrored ? -px : px) + (source_width - 1) * 2 ** 19;
        const sy = py + (source_height - 1) * 2 ** 19;
        const x0 = Math.floor(sx / 2 ** 20);
        const y0 = Math.floor(sy / 2 ** 20);
        const wx = Math.floor(sx / 1024) - x0 * 1024;
        const wy = Math.floor(sy / 1024) - y0 * 1024;
        const upper = pixel(x0, y0) * (1024 - wx) + pixel(x0 + 1, y0) * wx;
        const lower = pixel(x0, y0 + 1) * (1024 - wx) + pixel(x0 + 1, y0 + 1) * wx;
        const value = Math.floor((upper * (1024 - wy) + lower * wy) / 1024);
        const lit = scaled(value - 131072, contrast) + 131072 + brightness;
        y[at] = Math.min(Math.max(Math.floor((lit + 512) / 1024), 0), 255);
      }
    }
  }
  return y;
}
