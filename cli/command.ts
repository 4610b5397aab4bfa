import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { RuntimeName } from './runtime/runtime';

/** A command as `npm run <name> -- …` shows it. */
export function command(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .helpOption('-h, --help', 'show this')
    .showHelpAfterError('(--help says what there is)')
    .exitOverride();
}

/** Parses; returns the exit code where that already ended it (`--help`, a wrong option). */
export function parse(program: Command, argv: string[]): number | undefined {
  try {
    program.parse(argv, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
}

export function runtimeOption(): Option {
  return new Option('--runtime <name>', 'where to use the GPU: headless Chrome, or Node (Dawn)')
    .choices(['chrome', 'node'] satisfies RuntimeName[])
    .default('chrome');
}

export function integer(minimum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < minimum) {
      throw new InvalidArgumentError(`Expected a whole number of at least ${minimum}.`);
    }
    return value;
  };
}

export function number(minimum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < minimum) {
      throw new InvalidArgumentError(`Expected a number of at least ${minimum}.`);
    }
    return value;
  };
}

/** `a,b` -> ['a', 'b'], each one of `allowed` where that is given. */
export function list(allowed?: readonly string[]) {
  return (text: string): string[] => {
    const names = text.split(',').map((name) => name.trim());
    const wrong = names.find((name) => name === '' || (allowed && !allowed.includes(name)));
    if (wrong !== undefined) {
      throw new InvalidArgumentError(
        `'${wrong}' is not one of ${allowed?.join(', ') ?? 'the list'}.`,
      );
    }
    return names;
  };
}
