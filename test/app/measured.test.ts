import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { measuredOf } from '../../app/live/measured';

it('reads accuracy and recalls off the report of the weights that come with the page', () => {
  const { accuracy, images, split, recalls } = measuredOf(readFileSync('models/README.md', 'utf8'));
  expect(split).toBe('publictest');
  expect(images).toBe(3589);
  expect(accuracy).toBeGreaterThan(50);
  expect(recalls).toHaveLength(7);
  expect(recalls[3].name).toBe('happy');
  expect(recalls[3].recall).toBeGreaterThan(recalls[2].recall);
  expect(Math.max(...recalls.map(({ recall }) => recall))).toBeLessThan(100);
});

it('shows no figures where there are none', () => {
  expect(() => measuredOf('# Weights\n\nTrained.')).toThrow(/no accuracy/);
});
