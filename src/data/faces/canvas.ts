/** How a drawn face is seen, and what it is painted on. */
import { RandomStream } from '../random';
import type { FaceIdentity } from './person';

/** How the face is seen in one picture: pose, light, background, noise, what is in the way. */
export interface FaceView {
  /** Shift of the head, in half image widths. */
  shiftX: number;
  shiftY: number;
  /** Tangent of half the angle by which the head is rolled. */
  roll: number;
  scale: number;
  /** Turn to the side and up, from -1 to 1: about 15 degrees. */
  yaw: number;
  pitch: number;
  gaze: number;
  lightX: number;
  lightY: number;
  lightStrength: number;
  brightness: number;
  background: number;
  backgroundSlope: number;
  /** Standard deviation of the noise in grey levels. */
  noise: number;
  noiseKey: number;
  occlusion: Occlusion | undefined;
}

/** A stroke in front of the face: from, to, half its thickness, its tone. */
export interface Occlusion {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  radius: number;
  tone: number;
}

/** A picture's view, drawn at random. */
export function randomView(identity: FaceIdentity, random: RandomStream): FaceView {
  const view: FaceView = {
    shiftX: 0.05 * random.normal(),
    shiftY: 0.04 * random.normal(),
    roll: 0.035 * random.normal(),
    scale: random.between(0.88, 1.1),
    yaw: 0.4 * random.normal(),
    pitch: 0.3 * random.normal(),
    gaze: 0.4 * random.normal(),
    lightX: random.between(-0.8, 0.8),
    lightY: random.between(-0.8, 0.3),
    lightStrength: random.between(0.1, 0.5),
    brightness: random.between(0.72, 1.1),
    background: random.between(0.05, 0.95),
    backgroundSlope: random.between(-0.25, 0.25),
    noise: random.between(1, 7),
    noiseKey: Math.floor(random.uniform() * 0x1_0000_0000),
    occlusion: undefined,
  };
  const kind = random.uniform();
  if (kind < 0.04) {
    // A bar, such as the edge of another picture or a hand-held thing, at a border.
    const y = random.chance(0.5) ? random.between(-0.95, -0.65) : random.between(0.78, 0.98);
    const [x0, x1] = [-1.5, 1.5];
    const y1 = y + random.between(-0.1, 0.1);
    view.occlusion = { x0, y0: y, x1, y1, radius: 0.1, tone: random.uniform() };
  } else if (kind < 0.12) {
    const x0 = random.between(-0.5, 0.5);
    const x1 = x0 + random.between(-0.35, 0.35);
    view.occlusion = { x0, y0: -0.9, x1, y1: 0.1, radius: 0.018, tone: identity.hair };
  }
  return view;
}

type Coverage = (x: number, y: number) => number;

/** Reflectances on a grid of pixels, painted on in the coordinates of the head. */
export class Canvas {
  private readonly tones: Float64Array;
  private readonly xs: Float64Array;
  private readonly ys: Float64Array;
  /** A pixel's width in head coordinates. */
  private readonly pixel: number;
  private readonly cos: number;
  private readonly sin: number;
  private margin = 0;

  constructor(
    private readonly size: number,
    private readonly view: FaceView,
  ) {
    const { roll, scale, shiftX, shiftY } = view;
    this.tones = new Float64Array(size * size);
    this.xs = new Float64Array(size * size);
    this.ys = new Float64Array(size * size);
    this.pixel = 2 / size / scale;
    this.cos = (1 - roll * roll) / (1 + roll * roll);
    this.sin = (2 * roll) / (1 + roll * roll);
    for (let row = 0, p = 0; row < size; row++) {
      for (let column = 0; column < size; column++, p++) {
        const dx = ((2 * column + 1) / size - 1 - shiftX) / scale;
        const dy = ((2 * row + 1) / size - 1 - shiftY) / scale;
        this.xs[p] = this.cos * dx + this.sin * dy;
        this.ys[p] = this.cos * dy - this.sin * dx;
      }
    }
  }

  /** Turns what is painted from here on: on a turned head the features move, most at its middle. */
  turn({ yaw, pitch }: FaceView): void {
    for (let p = 0; p < this.xs.length; p++) {
      const x = this.xs[p];
      const depth = Math.max(0, 1 - x * x);
      this.xs[p] = x - 0.1 * yaw * depth;
      this.ys[p] += 0.06 * pitch * depth;
    }
    this.margin = 0.1 * Math.abs(yaw) + 0.06 * Math.abs(pitch);
  }

  /** 1 inside (distance < 0), 0 outside, and in between across one pixel. */
  edge(distance: number): number {
    const coverage = 0.5 - distance / this.pixel;
    return coverage < 0 ? 0 : coverage > 1 ? 1 : coverage;
  }

  ellipse(x: number, y: number, cx: number, cy: number, rx: number, ry: number): number {
    const dx = (x - cx) / rx;
    const dy = (y - cy) / ry;
    return this.edge((Math.sqrt(dx * dx + dy * dy) - 1) * Math.min(rx, ry));
  }

  /** A bump that falls from 1 in the middle to 0 at the ellipse's rim. */
  soft(x: number, y: number, cx: number, cy: number, rx: number, ry: number): number {
    const dx = (x - cx) / rx;
    const dy = (y - cy) / ry;
    const inside = 1 - dx * dx - dy * dy;
    return inside > 0 ? inside * inside : 0;
  }

  softBlob(cx: number, cy: number, rx: number, ry: number, tone: number, opacity: number): void {
    this.fill(cx - rx, cy - ry, cx + rx, cy + ry, tone, opacity, (x, y) =>
      this.soft(x, y, cx, cy, rx, ry),
    );
  }

  /** Paints where `coverage` is above 0, within a box in head coordinates. */
  fill(
    x0: number,
    y0: number,
    x1: number,
    y1: number,
    tone: number,
    opacity: number,
    coverage: Coverage,
  ): void {
    if (opacity <= 0) return;
    const { size, cos, sin, view } = this;
    const reach = this.margin + this.pixel;
    // The box turned by the roll lies within this upright one.
    const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
    const [hx, hy] = [(x1 - x0) / 2 + reach, (y1 - y0) / 2 + reach];
    const slope = Math.abs(sin);
    const toPixel = (v: number): number => Math.floor(((v + 1) * size) / 2);
    const midX = (cos * cx - sin * cy) * view.scale + view.shiftX;
    const midY = (cos * cy + sin * cx) * view.scale + view.shiftY;
    const halfX = (cos * hx + slope * hy) * view.scale;
    const halfY = (cos * hy + slope * hx) * view.scale;
    const left = Math.max(0, toPixel(midX - halfX));
    const right = Math.min(size - 1, toPixel(midX + halfX));
    const top = Math.max(0, toPixel(midY - halfY));
    const bottom = Math.min(size - 1, toPixel(midY + halfY));
    for (let row = top; row <= bottom; row++) {
      for (let p = row * size + left, end = row * size + right; p <= end; p++) {
        const amount = opacity * coverage(this.xs[p], this.ys[p]);
        if (amount > 0) this.tones[p] += amount * (tone - this.tones[p]);
      }
    }
  }

  /** Draws a line with round ends through points x0, y0, x1, y1, ... */
  stroke(points: readonly number[], radius: number, tone: number, opacity: number): void {
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 2) {
      x0 = Math.min(x0, points[i] - radius);
      x1 = Math.max(x1, points[i] + radius);
      y0 = Math.min(y0, points[i + 1] - radius);
      y1 = Math.max(y1, points[i + 1] + radius);
    }
    this.fill(x0, y0, x1, y1, tone, opacity, (x, y) => {
      let nearest = Infinity;
      for (let i = 0; i + 3 < points.length; i += 2) {
        const [ax, ay] = [points[i], points[i + 1]];
        const [bx, by] = [points[i + 2] - ax, points[i + 3] - ay];
        const [px, py] = [x - ax, y - ay];
        const along = Math.min(1, Math.max(0, (px * bx + py * by) / (bx * bx + by * by)));
        const [dx, dy] = [px - along * bx, py - along * by];
        nearest = Math.min(nearest, dx * dx + dy * dy);
      }
      return this.edge(Math.sqrt(nearest) - radius);
    });
  }

  /** Lights the painted surface, adds noise and writes bytes. */
  develop(view: FaceView, pixels: Uint8Array): void {
    const { lightX, lightY, lightStrength, brightness, noise } = view;
    const random = new RandomStream(view.noiseKey);
    for (let p = 0; p < this.tones.length; p++) {
      // The head as half an ellipsoid: its normal says how much of the light it takes.
      const nx = this.xs[p] / 0.95;
      const ny = this.ys[p] / 1.2;
      const nz = Math.sqrt(Math.max(0.04, 1 - nx * nx - ny * ny));
      const light = 1 - 0.5 * lightStrength + lightStrength * (lightX * nx + lightY * ny + nz);
      const level = 255 * brightness * light * this.tones[p] + noise * random.normal();
      pixels[p] = Math.min(255, Math.max(0, Math.round(level)));
    }
  }
}
