import { expect, it } from 'vitest';
import { gru, gruBidirectional, lstm, lstmBidirectional } from '../../src/eager';
import { testGpu } from '../support/gpu';
import { array } from '../support/property';

const [T, N, I, H] = [3, 2, 4, 5];
const lengths = { shape: [N], data: Uint32Array.of(3, 1) };

function inputsOf(gates: number, seed: number) {
  return {
    weight_ih: array([gates * H, I], seed),
    weight_hh: array([gates * H, H], seed + 1, 0.5),
    bias_ih: array([gates * H], seed + 2),
  };
}

const suffixed = (inputs: ReturnType<typeof inputsOf>) => ({
  weight_ih_reverse: inputs.weight_ih,
  weight_hh_reverse: inputs.weight_hh,
  bias_ih_reverse: inputs.bias_ih,
});

/** Rows of a and b side by side. */
const beside = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Float32Array.from({ length: 2 * a.length }, (_, i) => {
    const [row, k] = [Math.floor(i / (2 * H)), i % (2 * H)];
    return k < H ? a[row * H + k] : b[row * H + k - H];
  });

// What is called here is the same of both: a GRU has one output and two inputs less.
const asLstm = gru as unknown as typeof lstm;
const asBoth = gruBidirectional as unknown as typeof lstmBidirectional;

it.each([
  ['lstm', 4, lstm, lstmBidirectional],
  ['gru', 3, asLstm, asBoth],
] as [string, number, typeof lstm, typeof lstmBidirectional][])(
  '%s in both directions is one there and one back',
  async (_, gates, one, both) => {
    const gpu = await testGpu();
    const x = array([T, N, I], 1);
    const [a, b] = [inputsOf(gates, 2), inputsOf(gates, 5)];
    const there = await one(gpu, { x, lengths, ...a });
    const back = await one(gpu, { x, lengths, ...b }, { reverse: true });
    const found = await both(gpu, { x, lengths, ...a, ...suffixed(b) });
    expect(found.hs.shape).toEqual([T, N, 2 * H]);
    expect(found.hs.data).toEqual(beside(there.hs.data, back.hs.data));
    expect(found.h_n.data).toEqual(there.h_n.data);
    expect(found.h_n_reverse.data).toEqual(back.h_n.data);

    const [d1, d2] = [array([T, N, H], 8), array([T, N, H], 9)];
    const dhs = { shape: [T, N, 2 * H], data: beside(d1.data, d2.data) };
    const gradients = await both.backward(gpu, { x, lengths, ...a, ...suffixed(b) }, { hs: dhs });
    const g1 = await one.backward(gpu, { x, lengths, ...a }, { hs: d1 });
    const g2 = await one.backward(gpu, { x, lengths, ...b }, { hs: d2 }, { reverse: true });
    expect(gradients.weight_hh!.data).toEqual(g1.weight_hh!.data);
    expect(gradients.weight_ih_reverse!.data).toEqual(g2.weight_ih!.data);
    const sum = g1.x!.data.map((d: number, i: number) => d + g2.x!.data[i]);
    gradients.x!.data.forEach((d, i) => expect(d).toBeCloseTo(sum[i], 5));
  },
);
