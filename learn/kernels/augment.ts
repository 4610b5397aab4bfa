import { augmentForward, augmentParams, type AugmentAttributes } from '../../src/kernels/augment';
import { augmentForward as reference } from '../../src/kernels/reference/augment';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

const NONE = 0xffffffff; // the index of an absent sample

interface Case {
  source: readonly [height: number, width: number];
  size: readonly [height: number, width: number];
  indices: number[];
  mirror?: boolean;
  random?: AugmentAttributes['random'];
}

function augmented({ source, size, indices, mirror = false, random }: Case): Dispatch {
  const [count, [h, w], [height, width]] = [4, source, size];
  const bytes = Uint8Array.from({ length: count * h * w }, (_, i) => (i * i * 11 + 30) % 256);
  const images = tensor([bytes.length / 4], new Uint32Array(bytes.buffer), 'u32');
  const step = tensor([6], [7, 2, 0, Number(mirror), 0, 0], 'u32'); // seed, number, rate, mirror, shifts
  const attributes = { source: { width: w, height: h }, width, height, views: 1, random };
  const frames = indices.length;
  const y = reference(
    bytes,
    indices,
    { seed: 7, number: 2, mirror: Number(mirror), shiftX: 0, shiftY: 0 },
    { ...augmentParams(attributes), count, frames, batch: frames },
  );
  const name = `images ${indices.map((i) => (i === NONE ? 'absent' : i))}, ${h} x ${w} to ${height} x ${width}${mirror ? ', mirrored' : ''}${random ? ', at random' : ''}`;
  const inputs = { images, indices: tensor([frames], indices, 'u32'), step };
  const made = dispatchOf(augmentForward, name, inputs, attributes, { y });
  return inWorkgroupsOf(8, frames * width * Math.ceil(height / 8), made);
}

const random = {
  mirror: 0.5,
  shift: 0.12,
  rotation: 10,
  scale: [0.9, 1.1] as [number, number],
  brightness: 20,
  contrast: 0.2,
  erase: 0.5,
  eraseArea: [0.02, 0.2] as [number, number],
  eraseGrey: 'random' as const,
  stream: 3,
};

const given = {
  shader: augmentForward.shader,
  shown: augmented({ source: [3, 4], size: [3, 4], indices: [2] }),
  hidden: [
    augmented({ source: [4, 4], size: [5, 3], indices: [3, 1, NONE], mirror: true }),
    augmented({ source: [6, 5], size: [6, 7], indices: [0, 3], random }),
    augmented({ source: [2, 2], size: [1, 1], indices: [1] }),
  ],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'byte',
      title: 'Four bytes in a word',
      task: 'The pixels are bytes, four in each u32, the first one lowest. Find the byte of pixel (px, py); outside of the picture take the nearest. Four lines.',
      faults: [
        [
          `  let column = clamp(px, 0, params.source_width - 1);
  let row = clamp(py, 0, params.source_height - 1);
  let at = image + u32(row * params.source_width + column);
  return i32((images[at >> 2u] >> ((at & 3u) * 8u)) & 255u);
`,
          '  return 0; // Yours.\n',
        ],
      ],
      fails: ['value'],
      hints: [
        'Byte number `at` lies in word at >> 2u, and there (at & 3u) * 8u bits up.',
        '`& 255u` keeps eight bits; `i32(…)` makes a signed number of them.',
      ],
    },
    {
      ...given,
      id: 'mirror',
      title: 'Find the fault',
      task: 'One of the changes is drawn and never made.',
      faults: [['select(from_centre, -from_centre, mirrored)', 'from_centre']],
      fails: ['value'],
      hints: ['Read down the list of what is drawn, and look for where each is used.'],
    },
  ],
};
export default lesson;
