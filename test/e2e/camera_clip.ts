import { writeFileSync } from 'node:fs';
import sharp, { type OverlayOptions } from 'sharp';
import { EXPRESSIONS, type Expression } from '../../src/data/dataset';
import { syntheticFaces, syntheticSequences } from '../../src/data/synthetic';

/** Pixels of a drawn face, frames of its expression, and the picture that the camera gives. */
const FACE = 160;
const COURSE = 6;
const WIDTH = 640;
const HEIGHT = 480;
/** Camera pictures a second (Chrome plays MJPEG so), and how many are the same. */
const RATE = 30;
const REPEAT = 3;

/** Where the faces are, as their upper left corners, drawn 1.4 times as large. */
const SCALE = 1.4;
const PLACES = [
  { x: 70, y: 110 },
  { x: 350, y: 140 },
];

/** One part of a clip: how many faces for how many seconds. */
export interface Part {
  faces: 0 | 1 | 2;
  seconds: number;
}

/**
 * Writes a film of drawn faces, in which no real person is, as Chrome's fake camera plays it: JPEG
 * pictures one after another. The detector takes the drawings for faces.
 */
export async function writeClip(path: string, parts: readonly Part[]): Promise<void> {
  const people = await Promise.all([0, 1].map(drawPerson));
  const pictures: Buffer[] = [];
  for (const { faces, seconds } of parts) {
    for (let i = 0; i < (seconds * RATE) / REPEAT; i++) {
      const layers = people.slice(0, faces).map((frames, person) => ({
        input: frames[Math.abs(COURSE - 1 - (i % (2 * COURSE - 2)))],
        // A head is never quite still.
        left: PLACES[person].x + Math.round(6 * Math.sin(i / 7 + person)),
        top: PLACES[person].y + Math.round(4 * Math.sin(i / 5)),
      }));
      pictures.push(await picture(layers));
    }
  }
  const clip = pictures.flatMap((jpeg) => Array.from({ length: REPEAT }, () => jpeg));
  writeFileSync(path, Buffer.concat(clip));
}

/** Writes one photo with faces side by side. */
export async function writePhoto(path: string, faces: 1 | 2): Promise<void> {
  const people = await Promise.all([2, 3].slice(0, faces).map(drawPerson));
  const layers = people.map((frames, i) => ({
    input: frames[COURSE - 1],
    left: PLACES[i].x,
    top: PLACES[i].y,
  }));
  writeFileSync(path, await picture(layers));
}

/** Writes a photo as large as phones take them, with six faces of `FACE * SCALE` pixels far from each other. */
export async function writeLargePhoto(path: string): Promise<void> {
  const people = await Promise.all([2, 3, 4, 5, 6, 7].map(drawPerson));
  const layers = people.map((frames, i) => ({
    input: frames[COURSE - 1],
    left: 250 + 1300 * (i % 3) + 70 * Math.floor(i / 3),
    top: 500 + 1500 * Math.floor(i / 3),
  }));
  writeFileSync(path, await picture(layers, 4032, 3024));
}

/** Some pictures of each of some persons with an expression. */
export interface Scene {
  expression: Expression;
  /** Number of the first person; the same persons look the same in every scene. */
  first: number;
  persons: number;
  each: number;
}

/**
 * Writes a film of scenes. A square in the corner says which is shown by its grey level, 0, 64, 128 and so on, and a second
 * without anybody stands behind each, with a white square.
 */
export async function writeScenes(path: string, scenes: readonly Scene[]): Promise<void> {
  const pictures: Buffer[] = [];
  const show = async (grey: number, layers: OverlayOptions[], times: number) => {
    const background = { r: grey, g: grey, b: grey };
    const square = { create: { width: 48, height: 48, channels: 3 as const, background } };
    const jpeg = await picture([{ input: square, left: 0, top: 0 }, ...layers]);
    for (let i = 0; i < times; i++) pictures.push(jpeg);
  };
  for (const [number, { expression, first, persons, each }] of scenes.entries()) {
    const classes = EXPRESSIONS.length;
    const count = classes * persons * each;
    const people = { identities: persons, firstIdentity: first };
    const { images } = syntheticFaces({ seed: 1 + number, count, size: FACE, ...people });
    for (let i = EXPRESSIONS.indexOf(expression); i < count; i += classes) {
      const input = await drawing(images.subarray(i * FACE * FACE, (i + 1) * FACE * FACE), 2.2);
      await show(64 * number, [{ input, left: 144, top: 64 }], RATE / 5);
    }
    await show(255, [], RATE);
  }
  writeFileSync(path, Buffer.concat(pictures));
}

function picture(layers: OverlayOptions[], width = WIDTH, height = HEIGHT): Promise<Buffer> {
  const background = { r: 128, g: 132, b: 138 };
  return sharp({ create: { width, height, channels: 3, background } })
    .composite(layers)
    .jpeg({ quality: 85, chromaSubsampling: '4:2:0' })
    .toBuffer();
}

/** A person's way from rest to an expression. */
function drawPerson(person: number): Promise<Buffer[]> {
  const { images } = syntheticSequences({
    seed: 3 + person,
    count: 4,
    size: FACE,
    frames: COURSE,
    identities: 1,
    firstIdentity: person,
  });
  const length = FACE * FACE;
  const begin = 3 * COURSE; // the fourth sequence smiles
  return Promise.all(
    Array.from({ length: COURSE }, (_, frame) =>
      drawing(images.subarray((begin + frame) * length, (begin + frame + 1) * length), SCALE),
    ),
  );
}

/** A drawn face in the tones of a skin, enlarged. */
function drawing(face: Uint8Array, scale: number): Promise<Buffer> {
  const rgb = new Uint8Array(face.length * 3);
  face.forEach((tone, i) => rgb.set([tone, tone * 0.86, tone * 0.76], 3 * i));
  return sharp(rgb, { raw: { width: FACE, height: FACE, channels: 3 } })
    .resize(Math.round(FACE * scale))
    .png()
    .toBuffer();
}
