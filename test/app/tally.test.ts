import { expect, it } from 'vitest';
import { count, NOTHING } from '../../app/compare/tally';

const SEVEN = ['angry', 'happy', 'sad'];
const OTHERS = ['happy', 'sad'];

it('counts agreement by name, as networks may have other classes in another order', () => {
  let tally = count(
    NOTHING,
    [
      [0, 1, 0],
      [0.9, 0.1],
    ],
    [SEVEN, OTHERS],
  );
  tally = count(
    tally,
    [
      [1, 0, 0],
      [0.9, 0.1],
    ],
    [SEVEN, OTHERS],
  );
  expect(tally).toEqual({ readings: 2, agreed: 1, known: 0, right: [0, 0] });
});

it('and who is right where that is known', () => {
  let tally = count(
    NOTHING,
    [
      [0, 1, 0],
      [0.1, 0.9],
    ],
    [SEVEN, OTHERS],
    'sad',
  );
  tally = count(
    tally,
    [
      [0, 1, 0],
      [0.9, 0.1],
    ],
    [SEVEN, OTHERS],
    'happy',
  );
  tally = count(
    tally,
    [
      [0, 1, 0],
      [0.9, 0.1],
    ],
    [SEVEN, OTHERS],
  );
  expect(tally).toEqual({ readings: 3, agreed: 2, known: 2, right: [1, 2] });
});
