import { expect, it } from 'vitest';
import { readingOf, readingText } from '../../app/live/reading';

const CLASSES = ['angry', 'happy', 'sad'];

it('says the likeliest class and its share', () => {
  expect(readingOf([0.1, 0.7, 0.2])).toEqual({ best: 1, share: 0.7, sure: true });
  expect(readingText([0.1, 0.7, 0.2], CLASSES)).toBe('happy 70 %');
});

it('is unsure where the likeliest is less than ten points ahead', () => {
  expect(readingText([0.33, 0.34, 0.33], CLASSES)).toBe('unsure');
  expect(readingText([0.45, 0.1, 0.45], CLASSES)).toBe('unsure');
  expect(readingText([0.3, 0.41, 0.29], CLASSES)).toBe('happy 41 %');
});

it('is sure of an only class', () => {
  expect(readingText([1], ['face'])).toBe('face 100 %');
});
