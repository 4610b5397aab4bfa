/**
 * What the kernels' tests import as `vitest`, where no vitest runs them: its own runner and matchers, which need no
 * server. The builds of the demo and of the commands put this in its place.
 */
import {
  chai,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  type ExpectStatic,
} from '@vitest/expect';

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

export { describe, it } from '@vitest/runner';
export const expect = ((value: unknown, message?: string) =>
  chai.expect(value, message)) as ExpectStatic;
