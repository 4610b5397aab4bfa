import collins from './examples/collins.jpg?url';
import angry from './examples/drawn-angry.jpg?url';
import disgust from './examples/drawn-disgust.jpg?url';
import fear from './examples/drawn-fear.jpg?url';
import happy from './examples/drawn-happy.jpg?url';
import neutral from './examples/drawn-neutral.jpg?url';
import sad from './examples/drawn-sad.jpg?url';
import surprise from './examples/drawn-surprise.jpg?url';
import hopper from './examples/hopper.jpg?url';

/** A picture that comes with the page; `examples/README.md` says where it is from. */
export interface Example {
  title: string;
  url: string;
  /** Whom to thank for a photograph. */
  credit?: string;
  /** The expression that a drawing was made to show. */
  shows?: string;
}

const drawn = { angry, disgust, fear, happy, sad, surprise, neutral };

export const EXAMPLES: readonly Example[] = [
  { title: 'Eileen Collins', url: collins, credit: 'NASA, public domain' },
  { title: 'Grace Hopper', url: hopper, credit: 'US Navy, public domain' },
  ...Object.entries(drawn).map(([shows, url]) => ({ title: `Drawn ${shows}`, url, shows })),
];
