import type { Jobs } from './job';
import { fit } from './fit';
import { predict } from './predict';
import { train } from './train';

/** Every job of the command line, as page and Node run them. */
export const jobs: Jobs = { train, fit, predict };
