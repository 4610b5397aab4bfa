import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (file: string) => readFileSync(root + file, 'utf8');
const filesOf = (folder: string, ends: RegExp) =>
  readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => ends.test(file) && !file.includes('node_modules'))
    .map((file) => `${folder}/${file}`);

const operations = readdirSync(`${root}shaders`);
const sources = ['src', 'cli', 'app', 'bench', 'tools', 'scripts'].flatMap((folder) =>
  filesOf(folder, /\.(ts|tsx|mjs)$/),
);

describe('one name for an operation', () => {
  it.each(operations)('%s has spec, reference, test, benchmark and page', (name) => {
    const parts = [
      `src/kernels/${name}.ts`,
      `src/kernels/reference/${name}.ts`,
      `test/kernels/${name}.gpu.test.ts`,
      `bench/kernels/${name}.bench.ts`,
      `docs/kernels/${name}.md`,
    ];
    expect(parts.filter((file) => !existsSync(root + file))).toEqual([]);
  });
});

it('every shader belongs to a kernel that something runs', () => {
  const texts = new Map(sources.filter((f) => /^(src|app)\//.test(f)).map((f) => [f, read(f)]));
  const unused: string[] = [];
  for (const name of operations) {
    const spec = texts.get(`src/kernels/${name}.ts`)!;
    const imported = [...spec.matchAll(/from '..\/..\/(shaders\/[\w/]+\.wgsl)'/g)].map(
      ([, f]) => f,
    );
    for (const shader of filesOf(`shaders/${name}`, /\.wgsl$/)) {
      if (!imported.includes(shader)) unused.push(shader);
    }
    // Lint refuses a shader or kernel that is imported and not used, so a name elsewhere is a use.
    const kernels = [
      ...spec.matchAll(/^export const (\w+) = (?:defineKernel|\w+\(\s*'[\w.]+',)/gm),
    ];
    for (const [, kernel] of kernels) {
      const used = [...texts].some(([file, text]) => {
        const times = text.match(new RegExp(`\\b${kernel}\\b`, 'g'))?.length ?? 0;
        return times > (file === `src/kernels/${name}.ts` ? 1 : 0);
      });
      if (!used) unused.push(`${name}: ${kernel}`);
    }
  }
  expect(unused).toEqual([]);
});

it('no source file is over 450 lines', () => {
  const long = sources
    .map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
    .filter(({ lines }) => lines > 450);
  expect(long).toEqual([]);
});
