import type { Jobs } from './job';
import { evaluate } from './evaluate';
import { predict } from './predict';
import { train } from './train';

/** Every job of the command line, as page and Node run them. */
export const jobs: Jobs = { train, evaluate, predict };
