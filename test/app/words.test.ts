import { describe, expect, it } from 'vitest';
import { isGuessing, moment } from '../../app/train/words';

const classes = ['angry', 'happy', 'sad', 'surprise'];
const looks = (...accuracies: number[]) => ({
  training: accuracies.map((accuracy, i) => ({ step: i + 1, loss: 1, accuracy })),
  validation: [] as { step: number; loss: number; accuracy: number }[],
});
const held = (accuracy: number) => ({
  ...looks(0.9),
  validation: [{ step: 1, loss: 1, accuracy }],
});

describe('what has just happened', () => {
  it('before there is anything', () => {
    expect(moment(looks(), classes)).toMatch(/first batch/);
  });

  it('while it guesses, and from when on it does not', () => {
    expect(moment(looks(0.2, 0.3), classes)).toMatch(/guessing: with 4 classes, 25 % would/);
    const ten = Array.from({ length: 10 }, () => 0.6);
    expect(moment(looks(0.1, ...ten), classes)).toMatch(/60 % of the last .* guessing gives 25 %/);
  });

  it('on faces that it has never seen', () => {
    expect(moment(held(0.3), classes)).toMatch(/30 % right: hardly better than guessing/);
    const confusion = [
      [5, 0, 1, 0],
      [0, 6, 0, 0],
      [3, 0, 3, 0],
      [0, 0, 0, 6],
    ];
    expect(moment(held(0.83), classes, confusion)).toBe(
      'Of faces it has never seen, it gets 83 % right; most often it takes sad for angry.',
    );
    const none = confusion.map((row, i) => row.map((_, j) => (i === j ? 6 : 0)));
    expect(moment(held(1), classes, none)).toMatch(/100 % right\.$/);
  });
});

it('guessing is what is not clearly above chance', () => {
  expect(isGuessing(0.11, 7)).toBe(true);
  expect(isGuessing(0.3, 7)).toBe(false);
  expect(isGuessing(0.53, 2)).toBe(true);
  expect(isGuessing(0.6, 2)).toBe(false);
});
