type Numbers = ArrayLike<number>;

export interface GruSizes {
  steps: number; // T
  samples: number; // N
  hidden: number; // H
  reverse?: boolean; // from the last step to the first
  resetFirst?: boolean; // ONNX's linear_before_reset = 0
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

export interface GruForwardInputs {
  xw: Numbers; // [T,N,3H]: x weight_ih^T + bias_ih
  weightHh: Numbers; // [3H,H]
  biasHh?: Numbers; // [3H]
  h0: Numbers; // [N,H]
  lengths?: Numbers; // sample n stops after lengths[n] steps: its state stays, its outputs are 0
}

/** The recurrent part over all steps, gates in the order r z n. */
export function gruForward(
  { xw, weightHh, biasHh, h0, lengths }: GruForwardInputs,
  { steps: T, samples: N, hidden: H, reverse, resetFirst }: GruSizes,
) {
  const gates = new Float64Array(T * N * 5 * H);
  const hs = new Float64Array(T * N * H);
  const h = Float64Array.from(h0);
  for (let step = 0; step < T; step++) {
    const t = reverse ? T - 1 - step : step;
    for (let n = 0; n < N; n++) {
      const row = t * N + n;
      const before = h.slice(n * H, (n + 1) * H);
      const product = (gate: number, j: number, s: Numbers) => {
        let sum = biasHh?.[gate * H + j] ?? 0;
        for (let k = 0; k < H; k++) sum += weightHh[(gate * H + j) * H + k] * s[k];
        return sum;
      };
      const units = Array.from({ length: H }, (_, j) => j);
      const r = units.map((j) => sigmoid(xw[row * 3 * H + j] + product(0, j, before)));
      const z = units.map((j) => sigmoid(xw[(row * 3 + 1) * H + j] + product(1, j, before)));
      const kept = r.map((value, j) => value * before[j]);
      const q = resetFirst ? kept : units.map((j) => product(2, j, before));
      const taken = !lengths || t < lengths[n];
      for (const j of units) {
        const inner = resetFirst ? product(2, j, kept) : r[j] * q[j];
        const candidate = Math.tanh(xw[(row * 3 + 2) * H + j] + inner);
        [taken ? r[j] : -1, z[j], taken ? candidate : 0, q[j], before[j]].forEach((value, part) => {
          gates[(row * 5 + part) * H + j] = value;
        });
        if (!taken) continue;
        h[n * H + j] = (1 - z[j]) * candidate + z[j] * before[j];
        hs[row * H + j] = h[n * H + j];
      }
    }
  }
  return { gates, hs, h_n: h };
}

export interface GruBackwardInputs {
  weightHh: Numbers;
  gates: Numbers;
  dhs?: Numbers;
  dhN?: Numbers;
}

/** The gradient of `gruForward`, from the `gates` that it saved. */
export function gruBackward(
  { weightHh, gates, dhs, dhN }: GruBackwardInputs,
  { steps: T, samples: N, hidden: H, reverse, resetFirst }: GruSizes,
) {
  const dxw = new Float64Array(T * N * 3 * H);
  const dhw = new Float64Array(T * N * 3 * H);
  const dh0 = Float64Array.from({ length: N * H }, (_, i) => dhN?.[i] ?? 0);
  const w = (gate: number, j: number, k: number) => weightHh[(gate * H + j) * H + k];
  for (let step = T - 1; step >= 0; step--) {
    const t = reverse ? T - 1 - step : step;
    for (let n = 0; n < N; n++) {
      const row = t * N + n;
      const part = (p: number, j: number) => gates[(row * 5 + p) * H + j];
      if (part(0, 0) < 0) continue; // not taken
      const units = Array.from({ length: H }, (_, j) => j);
      const dh = units.map((j) => dh0[n * H + j] + (dhs?.[row * H + j] ?? 0));
      const dn = units.map((j) => dh[j] * (1 - part(1, j)) * (1 - part(2, j) ** 2));
      const dz = units.map(
        (j) => dh[j] * (part(4, j) - part(2, j)) * part(1, j) * (1 - part(1, j)),
      );
      // Of W_n's product with r h, by r h.
      const dkept = units.map((k) => units.reduce((sum, j) => sum + w(2, j, k) * dn[j], 0));
      const dr = units.map((j) => {
        const by = resetFirst ? dkept[j] * part(4, j) : dn[j] * part(3, j);
        return by * part(0, j) * (1 - part(0, j));
      });
      const dq = resetFirst ? dn : units.map((j) => dn[j] * part(0, j));
      for (const j of units) {
        [dr, dz, dn].forEach((d, gate) => (dxw[(row * 3 + gate) * H + j] = d[j]));
        [dr, dz, dq].forEach((d, gate) => (dhw[(row * 3 + gate) * H + j] = d[j]));
      }
      for (const k of units) {
        let sum = dh[k] * part(1, k);
        if (resetFirst) sum += dkept[k] * part(0, k);
        for (const j of units) {
          sum += w(0, j, k) * dr[j] + w(1, j, k) * dz[j] + (resetFirst ? 0 : w(2, j, k) * dq[j]);
        }
        dh0[n * H + k] = sum;
      }
    }
  }
  return { dxw, dhw, dh0 };
}

/** dweight_hh from the gradients and the states before each step. */
export function gruBackwardWeight(
  gates: Numbers,
  dhw: Numbers,
  { steps, samples, hidden: H, resetFirst }: GruSizes,
): Float64Array {
  const dweight = new Float64Array(3 * H * H);
  for (let row = 0; row < steps * samples; row++) {
    for (let m = 0; m < 3 * H; m++) {
      const part = resetFirst && m >= 2 * H ? 3 : 4;
      for (let k = 0; k < H; k++) {
        dweight[m * H + k] += dhw[row * 3 * H + m] * gates[(row * 5 + part) * H + k];
      }
    }
  }
  return dweight;
}

export interface GruInputs {
  x: Numbers; // [T,N,I]
  weight_ih: Numbers; // [3H,I]
  weight_hh: Numbers; // [3H,H]
  bias_ih?: Numbers; // [3H]
  bias_hh?: Numbers; // [3H]
  h0: Numbers; // [N,H]
}

/** The whole layer. */
export function gru(inputs: GruInputs, sizes: GruSizes & { input: number }, lengths?: Numbers) {
  const { x, weight_ih, weight_hh, bias_ih, bias_hh, h0 } = inputs;
  const { steps, samples, hidden, input } = sizes;
  const xw = new Float64Array(steps * samples * 3 * hidden);
  for (let row = 0; row < steps * samples; row++) {
    for (let m = 0; m < 3 * hidden; m++) {
      let sum = bias_ih?.[m] ?? 0;
      for (let k = 0; k < input; k++) sum += x[row * input + k] * weight_ih[m * input + k];
      xw[row * 3 * hidden + m] = sum;
    }
  }
  return gruForward({ xw, weightHh: weight_hh, biasHh: bias_hh, h0, lengths }, sizes);
}

/** The gradients of every input of `gru`. */
export function gruGradient(
  inputs: GruInputs,
  sizes: GruSizes & { input: number },
  { hs: dhs, h_n: dhN }: { hs?: Numbers; h_n?: Numbers },
  lengths?: Numbers,
): Record<keyof GruInputs, Float64Array> {
  const { steps, samples, hidden, input } = sizes;
  const { x, weight_ih, weight_hh: weightHh } = inputs;
  const { gates } = gru(inputs, sizes, lengths);
  const { dxw, dhw, dh0 } = gruBackward({ weightHh, gates, dhs, dhN }, sizes);
  const dx = new Float64Array(steps * samples * input);
  const dweight_ih = new Float64Array(3 * hidden * input);
  const dbias_ih = new Float64Array(3 * hidden);
  const dbias_hh = new Float64Array(3 * hidden);
  for (let row = 0; row < steps * samples; row++) {
    for (let m = 0; m < 3 * hidden; m++) {
      const d = dxw[row * 3 * hidden + m];
      dbias_ih[m] += d;
      dbias_hh[m] += dhw[row * 3 * hidden + m];
      for (let k = 0; k < input; k++) {
        dx[row * input + k] += d * weight_ih[m * input + k];
        dweight_ih[m * input + k] += d * x[row * input + k];
      }
    }
  }
  return {
    x: dx,
    weight_ih: dweight_ih,
    weight_hh: gruBackwardWeight(gates, dhw, sizes),
    bias_ih: dbias_ih,
    bias_hh: dbias_hh,
    h0: dh0,
  };
}
