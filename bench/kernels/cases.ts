/// <reference types="vite/client" />
import type { BenchCase } from './case';

const files = import.meta.glob<{ cases: BenchCase[] }>('./*.bench.ts');

/** The cases of every `bench/kernels/*.bench.ts` whose kernel and name the pattern fits. */
export async function benchCases(pattern = ''): Promise<BenchCase[]> {
  const found: BenchCase[] = [];
  for (const load of Object.values(files)) found.push(...(await load()).cases);
  const wanted = new RegExp(pattern, 'i');
  return found.filter(({ kernel, name }) => wanted.test(`${kernel.name} ${name}`));
}
