import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { plant } from '../../tools/mutant';
import { reflectWgsl } from '../../tools/wgsl_plugin';
import { MUTANTS } from './mutants';

describe('the faults that npm run test:mutants plants', () => {
  it('are 60 at least, 12 of each kind, no two alike', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(60);
    for (const kind of ['index', 'boundary', 'operand', 'barrier']) {
      expect(MUTANTS.filter((mutant) => mutant.kind === kind).length).toBeGreaterThanOrEqual(12);
    }
    expect(new Set(MUTANTS.map(({ file, find }) => `${file} ${find}`)).size).toBe(MUTANTS.length);
  });

  it.each(MUTANTS)('have their place: $file, $find', (mutant) => {
    expect(existsSync(mutant.test)).toBe(true);
    reflectWgsl(mutant.file, plant(mutant, readFileSync(mutant.file, 'utf8')));
  });
});
