/// <reference types="vite/client" />
import type { BenchCase } from './case';

const files = import.meta.glob<{ cases: BenchCase[] }>('./kernels/*.bench.ts');

/** The cases of every `bench/kernels/*.bench.ts` whose kernel or name contains `filter`. */
export async function benchCases(filter = ''): Promise<BenchCase[]> {
  const found: BenchCase[] = [];
  for (const load of Object.values(files)) found.push(...(await load()).cases);
  const wanted = filter.toLowerCase();
  return found.filter(({ kernel, name }) =>
    `${kernel.name} ${name}`.toLowerCase().includes(wanted),
  );
}
