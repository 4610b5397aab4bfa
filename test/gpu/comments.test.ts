import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { reflectWgsl, withoutComments } from '../../tools/wgsl_plugin';

const files = readdirSync('shaders', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.wgsl'))
  .map((file) => `shaders/${file}`);

describe('a kernel without its comments', () => {
  it.each(files)('%s is the same kernel, line for line', (file) => {
    const code = readFileSync(file, 'utf8');
    const bare = withoutComments(code);
    expect(bare.replace(/\/\/ tunable:.*/g, '')).not.toMatch(/\/\/|\/\*/);
    expect(bare.split('\n').length).toBe(code.split('\n').length);
    expect({ ...reflectWgsl(file, bare), code: '' }).toEqual({
      ...reflectWgsl(file, code),
      code: '',
    });
  });
});
