type Numbers = ArrayLike<number>;
type Function1 = (x: number) => number;

export interface RecurrentInputs {
  x: Numbers; // [T,N,I]
  weight_ih: Numbers; // [gates * H,I]
  weight_hh: Numbers; // [gates * H,H]
  bias_ih?: Numbers;
  bias_hh?: Numbers;
  h0?: Numbers; // [N,H]
  c0?: Numbers;
  peephole?: Numbers; // [3H]: i f o
  lengths?: Numbers; // [N]
}

export interface RecurrentSizes {
  steps: number; // T
  samples: number; // N
  input: number; // I
  hidden: number; // H
  reverse?: boolean;
}

/** Samples that take a step, in the order of the steps. */
function* taken({ steps, samples, reverse }: RecurrentSizes, lengths?: Numbers) {
  for (let step = 0; step < steps; step++) {
    const t = reverse ? steps - 1 - step : step;
    for (let n = 0; n < samples; n++)
      if (!lengths || t < lengths[n]) yield { n, row: t * samples + n };
  }
}

/** Row m of weight times a vector that begins at `from`, and a bias. */
function product(
  weight: Numbers,
  m: number,
  of: Numbers,
  from: number,
  width: number,
  bias?: Numbers,
) {
  let sum = bias?.[m] ?? 0;
  for (let k = 0; k < width; k++) sum += weight[m * width + k] * of[from + k];
  return sum;
}

const clipped = (x: number, limit = Infinity) => Math.min(Math.max(x, -limit), limit);

/** An LSTM as ONNX has it, gates i f g o: f of the gates, g of the candidate, h of the cell. */
export function lstmSteps(
  { x, weight_ih, weight_hh, bias_ih, bias_hh, h0, c0, peephole, lengths }: RecurrentInputs,
  sizes: RecurrentSizes,
  functions: { f: Function1; g: Function1; h: Function1 },
  { clip, inputForget }: { clip?: number; inputForget?: boolean } = {},
) {
  const { steps, samples, input: I, hidden: H } = sizes;
  const hs = new Float64Array(steps * samples * H);
  const h = Float64Array.from({ length: samples * H }, (_, i) => h0?.[i] ?? 0);
  const c = Float64Array.from({ length: samples * H }, (_, i) => c0?.[i] ?? 0);
  for (const { n, row } of taken(sizes, lengths)) {
    const before = h.slice(n * H, (n + 1) * H);
    for (let j = 0; j < H; j++) {
      const [at, p] = [n * H + j, (k: number) => peephole?.[k * H + j] ?? 0];
      const a = [0, 1, 2, 3].map(
        (gate) =>
          product(weight_ih, gate * H + j, x, row * I, I, bias_ih) +
          product(weight_hh, gate * H + j, before, 0, H, bias_hh),
      );
      const i = functions.f(clipped(a[0] + p(0) * c[at], clip));
      const f = inputForget ? 1 - i : functions.f(clipped(a[1] + p(1) * c[at], clip));
      c[at] = f * c[at] + i * functions.g(clipped(a[2], clip));
      h[at] = functions.f(clipped(a[3] + p(2) * c[at], clip)) * functions.h(c[at]);
      hs[row * H + j] = h[at];
    }
  }
  return { hs, h_n: h, c_n: c };
}

/** A GRU, gates r z n: f of the gates, g of the candidate. */
export function gruSteps(
  { x, weight_ih, weight_hh, bias_ih, bias_hh, h0, lengths }: RecurrentInputs,
  sizes: RecurrentSizes,
  functions: { f: Function1; g: Function1 },
  { clip, resetFirst }: { clip?: number; resetFirst?: boolean } = {},
) {
  const { steps, samples, input: I, hidden: H } = sizes;
  const hs = new Float64Array(steps * samples * H);
  const h = Float64Array.from({ length: samples * H }, (_, i) => h0?.[i] ?? 0);
  for (const { n, row } of taken(sizes, lengths)) {
    const before = h.slice(n * H, (n + 1) * H);
    const units = [...before.keys()];
    const given = (gate: number, j: number) =>
      product(weight_ih, gate * H + j, x, row * I, I, bias_ih);
    const past = (gate: number, j: number, of: Numbers) =>
      product(weight_hh, gate * H + j, of, 0, H, bias_hh);
    const [r, z] = [0, 1].map((gate) =>
      units.map((j) => functions.f(clipped(given(gate, j) + past(gate, j, before), clip))),
    );
    const kept = units.map((j) => r[j] * before[j]);
    for (const j of units) {
      const seen = resetFirst ? past(2, j, kept) : r[j] * past(2, j, before);
      const candidate = functions.g(clipped(given(2, j) + seen, clip));
      h[n * H + j] = (1 - z[j]) * candidate + z[j] * before[j];
      hs[row * H + j] = h[n * H + j];
    }
  }
  return { hs, h_n: h };
}
