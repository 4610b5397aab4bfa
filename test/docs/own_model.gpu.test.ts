import { expect, it } from 'vitest';
import page from '../../docs/own-model.md?raw';
import * as facegrad from '../../src/index';
import { testGpu } from '../support/gpu';

/** What the page shows, to the letter; only the device is the tests'. */
async function runPage() {
  const code = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, block]) => block);
  expect(code).toHaveLength(2);
  const body = code.join('').replace("import * as facegrad from 'facegrad';\n", '');
  expect(body).not.toContain('import ');
  const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor;
  const run = new AsyncFunction(
    'facegrad',
    `${body}\nreturn { losses, file, model, accuracy, probabilities, onnx };`,
  );
  return run({ ...facegrad, requestGpu: testGpu }) as Promise<{
    losses: number[];
    file: Uint8Array;
    model: facegrad.Network;
    accuracy: number;
    probabilities: Float64Array;
    onnx: Uint8Array;
  }>;
}

it('docs/own-model.md: a model of one’s own trains, and its weights have PyTorch’s names', async () => {
  const { losses, file, model, accuracy, probabilities, onnx } = await runPage();
  expect(losses).toHaveLength(8);
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(losses[7]).toBeLessThan(losses[0]);
  expect(accuracy).toBeGreaterThan(1 / 7);
  expect(probabilities).toHaveLength(35 * 7);
  expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(35);
  // The file says which network it is of; its code is not in it.
  const { config } = facegrad.readWeights(file);
  expect(config).toMatchObject({ kind: 'system', name: 'network', streams: ['raw'] });
  expect(() => facegrad.createNetwork(config)).toThrow(/unknown network network/);
  expect(new TextDecoder('latin1').decode(onnx)).toContain('BatchNormalization');

  const { tensors } = facegrad.readSafetensors(file);
  expect(Object.fromEntries([...tensors.values()].map(({ name, shape }) => [name, shape]))).toEqual(
    {
      '0.weight': [8, 1, 5, 5],
      '1.weight': [8],
      '1.bias': [8],
      '1.running_mean': [8],
      '1.running_var': [8],
      '4.conv.weight': [8, 8, 3, 3],
      '4.bn.weight': [8],
      '4.bn.bias': [8],
      '4.bn.running_mean': [8],
      '4.bn.running_var': [8],
      '8.weight': [7, 288],
      '8.bias': [7],
    },
  );
  const storage = new facegrad.Storage(await testGpu());
  model.import(storage, tensors);
  const again = await model.export(storage);
  for (const { name, data } of again) expect(data).toEqual(tensors.get(name)!.data);
  storage.dispose();
});

it('says what is wrong with a module', async () => {
  const { Linear, Network, ReLU, Sequential, Flatten } = facegrad;
  const classes = ['a', 'b'];
  expect(() => new Network(new ReLU(), { size: 8, classes })).toThrow(/no parameters/);
  const linear = new Linear(64, 3);
  expect(() => new Network(new Sequential(linear, linear), { size: 8, classes })).toThrow(
    /1.weight is already in a network, as 0.weight/,
  );
  const storage = new facegrad.Storage(await testGpu());
  const model = new Network(new Sequential(new Flatten(), new Linear(64, 3)), { size: 8, classes });
  const images = facegrad.state('images', { shape: [4, 8, 8], dtype: 'f32' });
  const step = facegrad.state('step', { shape: [64], dtype: 'u32' });
  expect(() => model.forward(new facegrad.Tape(), images, 4, { training: false, step })).toThrow(
    /the module returned \[4,3\]; expected logits \[4,2\]/,
  );
  storage.dispose();
});
