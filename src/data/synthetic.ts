/**
 * The embedded data set: drawings of faces, made on the spot from a seed. No download, no licence,
 * and no real person.
 */
import { FacegradError } from '../gpu/errors';
import { EXPRESSIONS, type Expression, type ImageSet, type SequenceSet } from './dataset';
import { randomView, type FaceView } from './faces/canvas';
import { drawFace } from './faces/draw';
import { apexActions, type FaceActions } from './faces/expression';
import { atIntensity, faceIdentity, type FaceIdentity } from './faces/person';
import { RandomStream } from './random';

export interface SyntheticOptions {
  /** Everything but the persons' looks follows from it. */
  seed: number;
  /** Images or sequences to make. */
  count: number;
  /** Pixels per side, 48 unless told; at least 16. */
  size?: number;
  /** Different persons (default: one per two images or sequences of each class). */
  identities?: number;
  /**
   * Number of the first person (default 0). Person n looks the same in every set, so a training
   * and a validation set share no face if their ranges of numbers do not meet.
   */
  firstIdentity?: number;
}

/**
 * Draws faces with the seven expressions: `count` images of size x size, classes in turn (balanced
 * to within one), `groups` the person's number. The same options give the same bytes everywhere.
 * Throws `bad-input` on a count or size that makes no sense.
 */
export function syntheticFaces(options: SyntheticOptions): ImageSet {
  const drawing = drawnOneByOne(options);
  for (;;) {
    const { done, value } = drawing.next();
    if (done) return value;
  }
}

/** The same, face by face: where there is something to do between two. */
export function* drawnOneByOne(options: SyntheticOptions): Generator<undefined, ImageSet> {
  const { seed, count, size, personOf } = checkOptions(options, EXPRESSIONS.length);
  const set = emptySet('synthetic faces', count, size, EXPRESSIONS);
  for (let i = 0; i < count; i++) {
    const person = personOf(i);
    const label = i % EXPRESSIONS.length;
    const random = new RandomStream(seed, 0, person, i);
    const identity = faceIdentity(person);
    const apex = apexActions(EXPRESSIONS[label], random);
    const actions = atIntensity(apex, random.between(0.75, 1), identity);
    drawFace(identity, actions, randomView(identity, random), size, imageAt(set, i));
    set.labels[i] = label;
    set.groups[i] = person;
    yield;
  }
  return set;
}

/** Expressions whose rise and fall make the classes of `syntheticSequences` with `pairs`. */
export const PAIR_EXPRESSIONS = ['happy', 'surprise', 'disgust'] as const satisfies Expression[];

export interface SyntheticSequenceOptions extends SyntheticOptions {
  /** Frames per sequence, at least 2 (default 6). */
  frames?: number;
  /** Make the classes pairs that end in the same frame (default false). */
  pairs?: boolean;
}

/**
 * Draws sequences of `frames` images each.
 *
 * Without `pairs`, a sequence goes from the face at rest (onset) to one of the seven expressions
 * (apex). A frame's own label is neutral while less than a quarter of the expression shows.
 *
 * With `pairs` there are six classes, a rise and a fall of each of PAIR_EXPRESSIONS: rising goes
 * from rest to the half expression, falling from the full to the half. Sequences 2k and 2k + 1
 * are the two of a pair: one person, one view, and **the same last frame, byte for byte**. So
 * from the last frame alone no classifier gets more than half of them right, and from the first
 * alone none more than two thirds, as all rises begin at rest; with a memory of both all six can
 * be told apart. A frame's label is then its sequence's.
 *
 * `groups` and each sequence's `subject` are the person's number. Throws `bad-input` on a count,
 * size or number of frames that makes no sense.
 */
export function syntheticSequences(options: SyntheticSequenceOptions): SequenceSet {
  const { frames = 6, pairs = false } = options;
  const classes = pairs
    ? PAIR_EXPRESSIONS.flatMap((expression) => [`${expression} rising`, `${expression} falling`])
    : EXPRESSIONS;
  const { seed, count, size, personOf } = checkOptions(options, classes.length);
  requireInteger('frames', frames, 2);
  const name = pairs ? 'synthetic pairs of sequences' : 'synthetic sequences';
  const set = emptySet(name, count * frames, size, classes);
  const sequences = Array.from({ length: count }, (_, i) => {
    const label = i % classes.length;
    const person = personOf(i);
    const expression = pairs ? PAIR_EXPRESSIONS[label >> 1] : EXPRESSIONS[label];
    // Both of a pair draw the same numbers: only the course of the intensity differs.
    const random = new RandomStream(seed, pairs ? 2 : 1, person, pairs ? i >> 1 : i);
    const scene = randomScene(expression, person, random);
    const end = pairs ? random.between(0.5, 0.6) : scene.intensity;
    const start = pairs && label % 2 === 1 ? 1 : 0;
    const indices: number[] = [];
    for (let frame = 0; frame < frames; frame++) {
      const index = i * frames + frame;
      const time = frame / (frames - 1);
      const intensity = start + (end - start) * progress(time, scene.onsetTime, scene.apexTime);
      drawFrame(scene, intensity, time, frame, size, imageAt(set, index));
      set.labels[index] = pairs || intensity >= end / 4 ? label : EXPRESSIONS.indexOf('neutral');
      set.groups[index] = person;
      indices.push(index);
    }
    return { frames: indices, label, subject: person };
  });
  return { ...set, sequences, length: count > 0 ? frames : 0 };
}

/** What the frames of one sequence share. */
interface Scene {
  identity: FaceIdentity;
  apex: FaceActions;
  view: FaceView;
  /** How far the head is from where it will be at the end. */
  driftX: number;
  driftY: number;
  driftRoll: number;
  intensity: number;
  /** Times, from 0 to 1, at which the face begins to change and has changed. */
  onsetTime: number;
  apexTime: number;
}

function randomScene(expression: Expression, person: number, random: RandomStream): Scene {
  const identity = faceIdentity(person);
  return {
    identity,
    apex: apexActions(expression, random),
    view: randomView(identity, random),
    driftX: 0.02 * random.normal(),
    driftY: 0.015 * random.normal(),
    driftRoll: 0.01 * random.normal(),
    intensity: random.between(0.7, 1),
    onsetTime: random.between(0, 0.3),
    apexTime: random.between(0.65, 1),
  };
}

function drawFrame(
  scene: Scene,
  intensity: number,
  time: number,
  frame: number,
  size: number,
  pixels: Uint8Array,
): void {
  const { identity, view } = scene;
  const left = 1 - time;
  drawFace(
    identity,
    atIntensity(scene.apex, intensity, identity),
    {
      ...view,
      shiftX: view.shiftX + left * scene.driftX,
      shiftY: view.shiftY + left * scene.driftY,
      roll: view.roll + left * scene.driftRoll,
      noiseKey: view.noiseKey + frame,
    },
    size,
    pixels,
  );
}

/** From 0 before `start` to 1 after `end`, smoothly. */
function progress(time: number, start: number, end: number): number {
  const t = Math.min(1, Math.max(0, (time - start) / (end - start)));
  return t * t * (3 - 2 * t);
}

function checkOptions({ seed, count, size = 48, ...people }: SyntheticOptions, classes: number) {
  const { identities = Math.max(1, Math.ceil(count / (2 * classes))), firstIdentity = 0 } = people;
  requireInteger('count', count, 0);
  requireInteger('size', size, 16);
  requireInteger('identities', identities, 1);
  requireInteger('firstIdentity', firstIdentity, 0);
  // Each person shows every class before the next one does.
  const personOf = (i: number): number => firstIdentity + (Math.floor(i / classes) % identities);
  return { seed, count, size, personOf };
}

function requireInteger(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new FacegradError('bad-input', `${option} must be a whole number of at least ${least}`, {
    operation: 'synthetic data',
    wanted: `at least ${least}`,
    available: value,
  });
}

function emptySet(name: string, count: number, size: number, classes: readonly string[]) {
  return {
    name,
    width: size,
    height: size,
    count,
    images: new Uint8Array(count * size * size),
    labels: new Uint8Array(count),
    classes,
    groups: new Uint32Array(count),
  };
}

function imageAt({ images, width, height }: ImageSet, index: number): Uint8Array {
  return images.subarray(index * width * height, (index + 1) * width * height);
}
