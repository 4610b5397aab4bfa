import { expect, it } from 'vitest';
import { main } from '../tools/check_package';

it('the package, packed and installed, is what README says of it', async () => {
  expect(await main([])).toBe(0);
});
