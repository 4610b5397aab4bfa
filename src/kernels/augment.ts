import shader from '../../shaders/augment/forward.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, f32, linear, size, type TensorSpec } from './kernel';

/** What is drawn for each frame. Ranges are largest deviations to either side. */
export interface AugmentationConfig {
  /** Probability of mirroring left and right, 0 to 1. */
  mirror: number;
  /** Shift, as a fraction of width and height, up to 0.5. */
  shift: number;
  /** Degrees, up to 90. */
  rotation: number;
  /** Smallest and largest magnification, within 0.5 to 2. */
  scale: [number, number];
  /** Grey levels added, up to 255. */
  brightness: number;
  /** Contrast about mid grey: a factor within 1 - contrast to 1 + contrast, up to 1. */
  contrast: number;
  /** Probability of erasing a rectangle, 0 to 1. */
  erase: number;
  /** Least and greatest area of the rectangle, as fractions of the image's area. */
  eraseArea: [number, number];
  /** The rectangle's grey level; drawn for each frame by default. */
  eraseGrey: number | 'random';
}

export interface AugmentAttributes {
  source: { width: number; height: number };
  /** Size of the output. */
  width: number;
  height: number;
  /** Frames of each sample: views of one image, or the images of a sequence. */
  views: number;
  /** Every frame has an index of its own, and the frames of a sample move alike. */
  sequence?: boolean;
  /** What to draw. Without it the view is the one that the step state asks for. */
  random?: AugmentationConfig & {
    /** Number of the stream of random numbers. */
    stream: number;
  };
}

const NOTHING: AugmentationConfig = {
  mirror: 0,
  shift: 0,
  rotation: 0,
  scale: [1, 1],
  brightness: 0,
  contrast: 0,
  erase: 0,
  eraseArea: [0, 0],
  eraseGrey: 0,
};

/** Pixels of a column that a thread makes. */
const ROWS = 8;

/** Fixed point in 32 bits holds sources up to this size, turned, shrunk and shifted. */
const MAX_SIZE = 768;

type Input = 'images' | 'indices' | 'step';

/** y [views * batch, height, width] of whole numbers 0 to 255, from packed bytes and indices [batch]. */
export const augmentForward = defineKernel({
  name: 'augment.forward',
  shader,
  outputs: (inputs: Record<Input, TensorSpec>, attributes: AugmentAttributes) => ({
    y: f32([frames(inputs, attributes), attributes.height, attributes.width]),
  }),
  params: (inputs, attributes) => ({
    ...augmentParams(attributes),
    count: Math.floor(
      (size(inputs.images.shape) * 4) / (attributes.source.width * attributes.source.height),
    ),
    frames: frames(inputs, attributes),
    batch: frames(inputs, attributes) / attributes.views,
  }),
  workgroups: (inputs, attributes) =>
    linear(frames(inputs, attributes) * attributes.width * Math.ceil(attributes.height / ROWS), 64),
});

function frames({ indices }: Record<Input, TensorSpec>, attributes: AugmentAttributes): number {
  return size(indices.shape) * (attributes.sequence ? 1 : attributes.views);
}

/** The kernel's parameters that depend on the attributes alone, as whole numbers in fixed point. */
export function augmentParams({
  source,
  width,
  height,
  sequence = false,
  random,
}: AugmentAttributes) {
  const config = random ?? NOTHING;
  check('source size', Math.max(source.width, source.height), 1, MAX_SIZE);
  check('size', Math.max(width, height), 1, 4096);
  check('mirror', config.mirror, 0, 1);
  check('shift', config.shift, 0, 0.5);
  check('rotation', config.rotation, 0, 90);
  check('scale', config.scale[0], 0.5, config.scale[1]);
  check('scale', config.scale[1], config.scale[0], 2);
  check('brightness', config.brightness, 0, 255);
  check('contrast', config.contrast, 0, 1);
  check('erase', config.erase, 0, 1);
  check('eraseArea', config.eraseArea[0], 0, config.eraseArea[1]);
  check('eraseArea', config.eraseArea[1], config.eraseArea[0], 1);
  const fixed = (value: number, bits: number) => Math.round(value * 2 ** bits);
  return {
    source_width: source.width,
    source_height: source.height,
    width,
    height,
    sequence: Number(sequence),
    ratio_x: fixed(source.width / width / 2, 20),
    ratio_y: fixed(source.height / height / 2, 20),
    random: Number(random !== undefined),
    stream: random?.stream ?? 0,
    mirror: fixed(config.mirror, 24),
    shift: fixed(config.shift, 16),
    rotation: fixed((config.rotation * Math.PI) / 180, 14),
    scale_min: fixed(config.scale[0], 14),
    scale_max: fixed(config.scale[1], 14),
    brightness: fixed(config.brightness, 6),
    contrast: fixed(config.contrast, 14),
    erase: fixed(config.erase, 24),
    erase_min: fixed(Math.sqrt(config.eraseArea[0]), 15),
    erase_max: fixed(Math.sqrt(config.eraseArea[1]), 15),
    erase_grey: config.eraseGrey === 'random' ? 256 : config.eraseGrey,
  };
}

function check(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) {
    throw new FacegradError('bad-input', `augmentation: ${name} is ${value}`, {
      operation: 'augment',
      wanted: value,
      available: [low, high],
    });
  }
}
