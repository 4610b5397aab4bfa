import { expect, it } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import { trainConfig } from '../../src/train/config';
import { Trainer } from '../../src/train/trainer';
import { countBuffers } from '../support/count_buffers';
import { openTestGpu } from '../support/gpu';

const inNode = typeof window === 'undefined';
/** 10,000 where the machine has the time. The page's memory is looked at by test/e2e/memory. */
const STEPS = inNode && process.env.FACEGRAD_E2E_FULL === '1' ? 10_000 : 300;
const MB = 1e6;

/** Memory of the process after a collection, in MB. */
async function memory() {
  const [{ setFlagsFromString }, { runInNewContext }] = [
    await import('node:v8'),
    await import('node:vm'),
  ];
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: (heapUsed + arrayBuffers) / MB, rss: rss / MB };
}

it.runIf(inNode)(`training keeps the memory that it began with over ${STEPS} steps`, async () => {
  const gpu = await openTestGpu();
  const config = trainConfig('tiny', {
    epochs: Math.ceil((STEPS * 1.5) / 140),
    batch: 2,
    logEvery: 20,
    model: { streams: ['raw'], fusion: 'concat' },
  });
  const data = { training: syntheticFaces({ seed: 1, count: 280 }) };
  const trainer = await Trainer.create(gpu, config, data);
  const buffers = countBuffers(gpu);
  const looks: (Awaited<ReturnType<typeof memory>> & { step: number; live: number })[] = [];
  for await (const event of trainer.run()) {
    if (event.type !== 'step' || event.step < (STEPS / 10) * (looks.length + 2)) continue;
    looks.push({ step: event.step, ...(await memory()), live: buffers.count });
    if (looks.length === 11) break;
  }
  console.log(looks.map((look) => JSON.stringify(look)).join('\n'));
  const [first, last] = [looks[0], looks.at(-1)!];
  expect(last.step - first.step).toBeGreaterThanOrEqual(STEPS * 0.9);
  expect(last.heap - first.heap).toBeLessThan(3);
  // The allocator takes and gives back tens of MB as it likes.
  const least = (some: typeof looks) => Math.min(...some.map(({ rss }) => rss));
  expect(least(looks.slice(-4)) - least(looks.slice(0, 4))).toBeLessThan(20);
  expect(last.live).toBeLessThanOrEqual(first.live + 2); // a read that is on its way
  buffers.stop();
  trainer.dispose();
  gpu.dispose();
});
