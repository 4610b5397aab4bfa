import { Option } from 'commander';
import { SYSTEMS } from '../src/nn/systems';

/** `--model`: which network, where there is a choice; else the code of one that is not built in. */
export function modelOption(choice: boolean): Option {
  const names = SYSTEMS.map(({ name }) => name).join(', ');
  return choice
    ? new Option('--model <name or file>', `another network: ${names}, or a file with your own`)
    : new Option('--model <file>', 'the file with your own network, if the weights are for one');
}
