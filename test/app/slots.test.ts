import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slots } from '../../app/live/slots';
import { SEED } from '../support/random';

describe('places of faces', () => {
  it('are kept while a face stays, and free once it is gone', () => {
    const slots = new Slots(3);
    expect(slots.assign([5, 6])).toEqual([
      { slot: 0, fresh: true },
      { slot: 1, fresh: true },
    ]);
    expect(slots.assign([6])).toEqual([{ slot: 1, fresh: false }]);
    expect(slots.assign([5, 6])).toEqual([
      { slot: 0, fresh: true },
      { slot: 1, fresh: false },
    ]);
    expect(() => slots.assign([1, 2, 3, 4])).toThrow(RangeError);
  });

  it('are never shared, and a face is fresh just when it was not there before', () => {
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(fc.nat(9), { maxLength: 4 })), (frames) => {
        const slots = new Slots(4);
        let before = new Map<number, number>();
        for (const faces of frames) {
          const places = slots.assign(faces);
          const now = new Map(faces.map((id, i) => [id, places[i].slot]));
          expect(new Set(now.values()).size).toBe(faces.length);
          places.forEach(({ slot, fresh }, i) => {
            expect(fresh).toBe(!before.has(faces[i]));
            if (!fresh) expect(slot).toBe(before.get(faces[i]));
          });
          before = now;
        }
      }),
      { seed: SEED },
    );
  });
});
