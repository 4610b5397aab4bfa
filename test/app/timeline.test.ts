import { describe, expect, it } from 'vitest';
import { letterOf, Timeline } from '../../app/live/timeline';

const START = Date.UTC(2026, 0, 2, 3, 4, 5);
const said = { name: 'small', accuracy: 0.614, classes: ['happy', 'sad'] };

describe('a timeline', () => {
  it('averages the frames of a second, and shares out the seconds', () => {
    const timeline = new Timeline(said, START);
    timeline.add(START + 100, 7, [0.8, 0.2]);
    timeline.add(START + 900, 7, [0.6, 0.4]);
    timeline.add(START + 1000, 7, [0.1, 0.9]);
    timeline.add(START + 2500, 7, [0.52, 0.48]); // leads by too little
    timeline.add(START + 3000, 7, [0.9, 0.1]);
    const [first] = timeline.faces.get(7)!;
    expect(first.frames).toBe(2);
    expect(first.sums[0] / first.frames).toBeCloseTo(0.7);
    expect(timeline.shares(7)).toEqual([0.5, 0.25]);
  });

  it('has a row for every second of every face, with weights and accuracy', () => {
    const timeline = new Timeline(said, START);
    timeline.add(START + 1200, 3, [0.75, 0.25]);
    timeline.add(START + 200, 9, [0.5, 0.5]);
    expect(timeline.rows()).toEqual([
      {
        time: '2026-01-02T03:04:05.000Z',
        seconds: 0,
        face: 'B',
        frames: 1,
        label: 'unsure',
        happy: '0.5000',
        sad: '0.5000',
        weights: 'small',
        'accuracy of the weights': '0.6140',
      },
      expect.objectContaining({ seconds: 1, face: 'A', label: 'happy', happy: '0.7500' }),
    ]);
    const [row] = new Timeline({ name: 'x', classes: ['a'] }, 0).rows();
    expect(row).toBeUndefined();
  });

  it('says so where the accuracy was not measured', () => {
    const timeline = new Timeline({ name: 'x', classes: ['a'] }, 0);
    timeline.add(0, 1, [1]);
    expect(timeline.rows()[0]['accuracy of the weights']).toBe('not measured');
  });

  it('names faces by letters without an end', () => {
    expect([0, 25, 26, 27, 701, 702].map(letterOf)).toEqual(['A', 'Z', 'AA', 'AB', 'ZZ', 'AAA']);
  });
});
