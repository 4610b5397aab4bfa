/** What the portable folder runs (tools/portable.ts packs it): `facegrad <command> …options`, on Dawn in Node. */
import { FacegradError } from '../src/gpu/errors';

interface Command {
  main(argv: string[]): Promise<number | void>;
}

const COMMANDS: Record<string, () => Promise<Command>> = {
  'check-gpu': () => import('../check/command'),
  bench: () => import('../bench/run'),
  profile: () => import('../bench/profile'),
  train: () => import('../cli/train'),
  eval: () => import('../cli/eval'),
  /** The process that `bench` and `profile` start. */
  'bench-child': () => import('../bench/host/node_child'),
};
/** They would start Chrome, which is not here. */
const WITH_RUNTIME = ['bench', 'profile', 'train', 'eval'];

const HELP = `facegrad <command> [options]

  check-gpu   every kernel against its reference, with a text to share
  bench       training step, inference, layers
  profile     one training step, dispatch by dispatch
  train       trains; --data synthetic draws its own faces
  eval        measures weights

facegrad <command> --help lists the options of each.
`;

async function run([name, ...args]: string[]): Promise<number> {
  const load = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
  if (!load) {
    console.log(HELP);
    return name === '--help' ? 0 : 2;
  }
  const chosen = args.some((arg) => arg.startsWith('--runtime'));
  const runtime = WITH_RUNTIME.includes(name) && !chosen ? ['--runtime', 'node'] : [];
  return (await (await load()).main([...runtime, ...args])) ?? 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  // An expected error says by its message what to do.
  console.error(error instanceof FacegradError ? `Error: ${error.message}` : error);
  process.exitCode = 1;
}
// Dawn's threads would keep the process alive; what was printed must still get out.
await Promise.all([process.stdout, process.stderr].map((s) => new Promise((r) => s.write('', r))));
process.exit();
