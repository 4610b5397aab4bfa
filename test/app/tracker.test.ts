import { describe, expect, it } from 'vitest';
import { cropSquare, distance, fit } from '../../app/live/geometry';
import type { Detection } from '../../app/live/messages';
import { smooth, track, type Track } from '../../app/live/tracker';
import { RandomStream } from '../../src/data/random';

const FRAME_MS = 66;
const options = { most: 4, confirm: 2 };

const face = (x: number, y: number, size = 100): Detection => ({
  box: { x, y, width: size, height: size },
  points: [],
  score: 0.9,
});

/** Runs the tracker over frames of detections; gives the numbers and boxes of the confirmed faces. */
function follow(frames: Detection[][], settings = options) {
  let tracks: Track[] = [];
  let nextId = 1;
  return frames.map((detections, i) => {
    ({ tracks, nextId } = track(tracks, detections, i * FRAME_MS, nextId, settings));
    return tracks.filter(({ hits }) => hits >= settings.confirm);
  });
}

const ids = (tracks: Track[]) => tracks.map(({ id }) => id);

describe('following faces', () => {
  it('keeps a face’s number while it moves and trembles', () => {
    const random = new RandomStream(4);
    const frames = Array.from({ length: 40 }, (_, i) => [
      face(50 + 8 * i + 4 * random.normal(), 80 + 4 * random.normal(), 100 + 3 * random.normal()),
    ]);
    const seen = follow(frames);
    expect(seen.slice(1).every((tracks) => ids(tracks).join() === '1')).toBe(true);
    // And is where the face is: no more than a tenth of it behind.
    const last = seen[39][0].box;
    expect(distance(last, frames[39][0].box)).toBeLessThan(0.2);
  });

  it('does not exchange two faces that pass close by, whatever the order of the detections', () => {
    const frames = Array.from({ length: 30 }, (_, i) => {
      const both = [face(20 + 6 * i, 60), face(420 - 6 * i, 200)];
      return i % 2 ? both.reverse() : both;
    });
    for (const [i, tracks] of follow(frames).entries()) {
      if (i === 0) continue;
      expect(tracks.map(({ id, box }) => [id, box.y > 130])).toEqual([
        [1, false],
        [2, true],
      ]);
    }
  });

  it('counts a face from the second frame in a row, and no false one of a single frame', () => {
    const frames = [[face(100, 100)], [face(100, 100), face(400, 10, 40)], [face(100, 100)]];
    expect(follow(frames).map((tracks) => tracks.length)).toEqual([0, 1, 1]);
    expect(follow(frames, { most: 4, confirm: 1 }).map((tracks) => tracks.length)).toEqual([
      1, 2, 2,
    ]);
  });

  it('holds a face that the detector misses for a moment, and forgets one that is gone', () => {
    const there = [face(100, 100)];
    const blink = follow([there, there, there, [], there, there]);
    expect(blink.slice(1).map(ids)).toEqual([[1], [1], [1], [1], [1]]);
    const gone = follow([there, there, ...Array.from({ length: 12 }, () => []), there, there]);
    const lost = gone.findIndex((tracks, i) => i > 1 && tracks.length === 0);
    expect(lost * FRAME_MS - FRAME_MS).toBeGreaterThan(300);
    expect(lost * FRAME_MS - FRAME_MS).toBeLessThan(600);
    expect(ids(gone.at(-1)!)).toEqual([2]); // who comes back later is new
  });

  it('holds a missed face for two frames where frames are slow', () => {
    let state = { tracks: [] as Track[], nextId: 1 };
    for (const [time, found] of [
      [0, 1],
      [900, 1],
      [1800, 0],
      [2700, 0],
    ]) {
      const detections = found ? [face(10, 10)] : [];
      state = track(state.tracks, detections, time, state.nextId, options);
      expect(state.tracks).toHaveLength(time < 2700 ? 1 : 0);
    }
  });

  it('follows the largest faces where there are more than it may', () => {
    const crowd = Array.from({ length: 7 }, (_, i) => face(90 * i, 0, 40 + 5 * i));
    const [, second] = follow([crowd, crowd]);
    expect(second.map(({ box }) => box.width).sort()).toEqual([55, 60, 65, 70]);
  });

  it('takes a face of another size or place for another face', () => {
    const frames = [[face(100, 100)], [face(100, 100)], [face(130, 130, 30)], [face(130, 130, 30)]];
    expect(ids(follow(frames)[3])).toEqual([1, 2]);
  });
});

describe('smoothing', () => {
  it('damps trembling and follows motion', () => {
    const box = { x: 100, y: 100, width: 100, height: 100 };
    const trembled = smooth(box, { ...box, x: 101 }, FRAME_MS);
    expect(trembled.x).toBeLessThan(100.6);
    const moved = smooth(box, { ...box, x: 140 }, FRAME_MS);
    expect(moved.x).toBeGreaterThan(136);
    expect(smooth(box, box, FRAME_MS)).toEqual(box);
  });
});

describe('geometry', () => {
  it('frames a face as FER2013 does', () => {
    const square = cropSquare({ x: 100, y: 50, width: 100, height: 80 });
    expect(square.width).toBeCloseTo(112);
    expect(square.height).toBeCloseTo(112);
    expect(square.x + square.width / 2).toBeCloseTo(150);
    expect(square.y + square.height / 2).toBeCloseTo(90 - 3.2);
  });

  it('scales large frames down, and small ones not up', () => {
    expect(fit(1920, 1080, 640)).toEqual({ width: 640, height: 360 });
    expect(fit(1080, 1920, 640)).toEqual({ width: 360, height: 640 });
    expect(fit(320, 240, 640)).toEqual({ width: 320, height: 240 });
    expect(fit(5000, 1, 640)).toEqual({ width: 640, height: 1 });
  });
});
