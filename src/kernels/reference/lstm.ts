type Numbers = ArrayLike<number>;

export interface LstmSizes {
  zeroState?: boolean; // weightHh is not multiplied with the initial state, which is 0
  reverse?: boolean; // from the last step to the first
  steps: number; // T
  samples: number; // N
  hidden: number; // H
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/**
 * The recurrent part over all steps, gates in the order i f g o.
 * @param xw [T,N,4H]: x weight_ih^T + bias_ih + bias_hh
 * @param lengths sample n stops after lengths[n] steps: its state stays, its outputs are 0
 */
export function lstmForward(
  { xw, weightHh, h0, c0, lengths }: LstmForwardInputs,
  { steps: T, samples: N, hidden: H, reverse, zeroState }: LstmSizes,
) {
  const gates = new Float64Array(T * N * 5 * H);
  const hs = new Float64Array(T * N * H);
  const hPrev = new Float64Array(T * N * H);
  const h = Float64Array.from(h0);
  const c = Float64Array.from(c0);
  for (let step = 0; step < T; step++) {
    const t = reverse ? T - 1 - step : step;
    for (let n = 0; n < N; n++) {
      const row = t * N + n;
      const before = h.slice(n * H, (n + 1) * H);
      hPrev.set(before, row * H);
      for (let j = 0; j < H; j++) {
        gates[(row * 5 + 1) * H + j] = 1;
        gates[(row * 5 + 3) * H + j] = -1; // not taken
        gates[(row * 5 + 4) * H + j] = c[n * H + j];
        if (lengths && t >= lengths[n]) continue;
        const a = [0, 1, 2, 3].map((gate) => {
          let sum = xw[(row * 4 + gate) * H + j];
          if (zeroState && step === 0) return sum;
          for (let k = 0; k < H; k++) sum += weightHh[(gate * H + j) * H + k] * before[k];
          return sum;
        });
        const [i, f, g, o] = [sigmoid(a[0]), sigmoid(a[1]), Math.tanh(a[2]), sigmoid(a[3])];
        [i, f, g, o].forEach((value, gate) => (gates[(row * 5 + gate) * H + j] = value));
        c[n * H + j] = f * c[n * H + j] + i * g;
        h[n * H + j] = o * Math.tanh(c[n * H + j]);
        hs[row * H + j] = h[n * H + j];
      }
    }
  }
  return { gates, hs, h_prev: hPrev, h, c };
}

export interface LstmForwardInputs {
  xw: Numbers;
  weightHh: Numbers;
  h0: Numbers;
  c0: Numbers;
  lengths?: Numbers;
}

/** The gradient of `lstmForward`, from the `gates` that it saved. */
export function lstmBackward(
  { weightHh, gates, dhs, dhN, dcN }: LstmBackwardInputs,
  { steps: T, samples: N, hidden: H, reverse }: LstmSizes,
) {
  const dgates = new Float64Array(T * N * 4 * H);
  const dh = Float64Array.from({ length: N * H }, (_, i) => dhN?.[i] ?? 0);
  const dc = Float64Array.from({ length: N * H }, (_, i) => dcN?.[i] ?? 0);
  for (let step = T - 1; step >= 0; step--) {
    const t = reverse ? T - 1 - step : step;
    for (let n = 0; n < N; n++) {
      const row = t * N + n;
      if (gates[(row * 5 + 3) * H] < 0) continue; // not taken
      for (let j = 0; j < H; j++) {
        const [i, f, g, o, cPrev] = [0, 1, 2, 3, 4].map((part) => gates[(row * 5 + part) * H + j]);
        const tanhC = Math.tanh(f * cPrev + i * g);
        const dhj = dh[n * H + j] + (dhs?.[row * H + j] ?? 0);
        const dcj = dc[n * H + j] + dhj * o * (1 - tanhC * tanhC);
        dgates[(row * 4 + 0) * H + j] = dcj * g * i * (1 - i);
        dgates[(row * 4 + 1) * H + j] = dcj * cPrev * f * (1 - f);
        dgates[(row * 4 + 2) * H + j] = dcj * i * (1 - g * g);
        dgates[(row * 4 + 3) * H + j] = dhj * tanhC * o * (1 - o);
        dc[n * H + j] = dcj * f;
      }
      for (let k = 0; k < H; k++) {
        let sum = 0;
        for (let m = 0; m < 4 * H; m++) sum += weightHh[m * H + k] * dgates[row * 4 * H + m];
        dh[n * H + k] = sum;
      }
    }
  }
  return { dgates, dh0: dh, dc0: dc };
}

export interface LstmBackwardInputs {
  weightHh: Numbers;
  gates: Numbers;
  dhs?: Numbers;
  dhN?: Numbers;
  dcN?: Numbers;
}

export interface LstmInputs {
  x: Numbers; // [T,N,I]
  weight_ih: Numbers; // [4H,I]
  weight_hh: Numbers; // [4H,H]
  bias_ih?: Numbers; // [4H]
  bias_hh?: Numbers; // [4H]
  h0: Numbers; // [N,H]
  c0: Numbers; // [N,H]
}

/** The whole layer. */
export function lstm(
  inputs: LstmInputs,
  sizes: LstmSizes & { input: number },
  lengths?: Numbers,
): ReturnType<typeof lstmForward> {
  const { x, weight_ih, weight_hh, bias_ih, bias_hh, h0, c0 } = inputs;
  const { steps, samples, hidden, input } = sizes;
  const xw = new Float64Array(steps * samples * 4 * hidden);
  for (let row = 0; row < steps * samples; row++) {
    for (let m = 0; m < 4 * hidden; m++) {
      let sum = (bias_ih?.[m] ?? 0) + (bias_hh?.[m] ?? 0);
      for (let k = 0; k < input; k++) sum += x[row * input + k] * weight_ih[m * input + k];
      xw[row * 4 * hidden + m] = sum;
    }
  }
  return lstmForward({ xw, weightHh: weight_hh, h0, c0, lengths }, sizes);
}

/** The gradients of every input of `lstm`. */
export function lstmGradient(
  inputs: LstmInputs,
  sizes: LstmSizes & { input: number },
  { hs: dhs, h: dhN, c: dcN }: { hs?: Numbers; h?: Numbers; c?: Numbers },
  lengths?: Numbers,
): Record<keyof LstmInputs, Float64Array> {
  const { steps, samples, hidden, input } = sizes;
  const { x, weight_ih, weight_hh: weightHh } = inputs;
  const { gates, h_prev } = lstm(inputs, sizes, lengths);
  const { dgates, dh0, dc0 } = lstmBackward({ weightHh, gates, dhs, dhN, dcN }, sizes);
  const dx = new Float64Array(steps * samples * input);
  const dweight_ih = new Float64Array(4 * hidden * input);
  const dweight_hh = new Float64Array(4 * hidden * hidden);
  const dbias = new Float64Array(4 * hidden);
  for (let row = 0; row < steps * samples; row++) {
    for (let m = 0; m < 4 * hidden; m++) {
      const d = dgates[row * 4 * hidden + m];
      dbias[m] += d;
      for (let k = 0; k < input; k++) {
        dx[row * input + k] += d * weight_ih[m * input + k];
        dweight_ih[m * input + k] += d * x[row * input + k];
      }
      for (let k = 0; k < hidden; k++) dweight_hh[m * hidden + k] += d * h_prev[row * hidden + k];
    }
  }
  return {
    x: dx,
    weight_ih: dweight_ih,
    weight_hh: dweight_hh,
    bias_ih: dbias,
    bias_hh: dbias.slice(),
    h0: dh0,
    c0: dc0,
  };
}
