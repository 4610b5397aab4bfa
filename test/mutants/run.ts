/**
 * npm run test:mutants [-- text]: plants every fault of `mutants.ts` (or those that the text names) in turn and
 * runs the kernel's tests. A fault is caught when they fail; one that does not compile is no fair
 * fault and stops the run. Ends with a table; at least 95 in 100 must be caught.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { requestNodeGpu } from '../../src/gpu/node';
import { plant } from '../../tools/mutant';
import { reflectWgsl } from '../../tools/wgsl_plugin';
import { MUTANTS, nameOf, type FaultKind, type Mutant } from './mutants';

const SHARE = 0.95;
const LEAST_OF_A_KIND = 12;
const TIMEOUT = 180_000;

/** Runs a test file, with a fault in it or without; says whether it failed, and of what. */
function runTests(test: string, mutant?: Mutant): Promise<{ failed: boolean; why: string }> {
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    'node',
    '--bail',
    '1',
    test,
  ];
  const child = spawn(process.execPath, vitest, {
    env: { ...process.env, NO_COLOR: '1', FACEGRAD_MUTANT: mutant ? JSON.stringify(mutant) : '' },
    timeout: TIMEOUT,
    killSignal: 'SIGKILL',
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const why =
        /^\S*Error: (.*)$/m.exec(output)?.[1] ?? (signal ? 'does not end' : output.slice(-300));
      resolve({ failed: code !== 0, why });
    });
  });
}

/** Throws for a fault whose place is not there, or that the compiler would find by itself. */
async function checkMutants(mutants: Mutant[]): Promise<void> {
  const gpu = await requestNodeGpu();
  for (const mutant of mutants) {
    const code = plant(mutant, readFileSync(mutant.file, 'utf8'));
    reflectWgsl(mutant.file, code);
    gpu.device.pushErrorScope('validation');
    gpu.device.createShaderModule({ code });
    const error = await gpu.device.popErrorScope();
    if (error) throw new Error(`does not compile: ${nameOf(mutant)}: ${error.message}`);
  }
  gpu.dispose();
}

export async function main(args: string[]): Promise<number> {
  const mutants = MUTANTS.filter((mutant) => args.every((text) => nameOf(mutant).includes(text)));
  if (mutants.length === 0) throw new Error(`no fault is called ${args.join(' ')}`);
  await checkMutants(mutants);
  for (const test of new Set(mutants.map((mutant) => mutant.test))) {
    const { failed, why } = await runTests(test);
    if (failed) throw new Error(`${test} fails without any fault: ${why}`);
  }

  const survivors: Mutant[] = [];
  for (const mutant of mutants) {
    const { failed, why } = await runTests(mutant.test, mutant);
    if (!failed) survivors.push(mutant);
    console.log(
      `${failed ? 'caught  ' : 'SURVIVES'} ${nameOf(mutant)}${failed ? `\n           ${why.slice(0, 110)}` : ''}`,
    );
  }

  for (const kind of new Set(MUTANTS.map((mutant) => mutant.kind)) as Set<FaultKind>) {
    const all = mutants.filter((mutant) => mutant.kind === kind).length;
    const left = survivors.filter((mutant) => mutant.kind === kind).length;
    console.log(`${kind.padEnd(8)} ${all - left} of ${all}`);
    if (args.length === 0 && all < LEAST_OF_A_KIND)
      throw new Error(`too few faults of kind ${kind}`);
  }
  for (const mutant of survivors) console.log(`survives: ${nameOf(mutant)}`);
  const caught = mutants.length - survivors.length;
  console.log(`${caught} of ${mutants.length} faults caught`);
  return caught >= SHARE * mutants.length ? 0 : 1;
}
