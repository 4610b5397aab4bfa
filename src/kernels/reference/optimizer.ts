/** One step of PyTorch's Adam or AdamW. */
export function adam(
  state: { parameters: ArrayLike<number>; m: ArrayLike<number>; v: ArrayLike<number> },
  gradient: ArrayLike<number>,
  t: number,
  o: {
    learningRate: number;
    beta1: number;
    beta2: number;
    epsilon: number;
    weightDecay: number;
    decayLength: number;
    decoupled: boolean;
    scale: number;
  },
): { parameters: Float64Array; m: Float64Array; v: Float64Array } {
  const parameters = Float64Array.from(state.parameters);
  const m = Float64Array.from(state.m);
  const v = Float64Array.from(state.v);
  for (let i = 0; i < parameters.length && o.scale !== 0; i++) {
    let g = gradient[i] * o.scale;
    const decay = i < o.decayLength ? o.weightDecay : 0;
    if (o.decoupled) parameters[i] *= 1 - o.learningRate * decay;
    else g += decay * parameters[i];
    m[i] = o.beta1 * m[i] + (1 - o.beta1) * g;
    v[i] = o.beta2 * v[i] + (1 - o.beta2) * g * g;
    const denominator = Math.sqrt(v[i]) / Math.sqrt(1 - o.beta2 ** t) + o.epsilon;
    parameters[i] -= (o.learningRate / (1 - o.beta1 ** t)) * (m[i] / denominator);
  }
  return { parameters, m, v };
}

/** One step of PyTorch's SGD; the velocity begins at 0. */
export function sgd(
  state: { parameters: ArrayLike<number>; velocity: ArrayLike<number> },
  gradient: ArrayLike<number>,
  o: {
    learningRate: number;
    momentum: number;
    dampening?: number;
    number?: number; // of the step
    nesterov: boolean;
    weightDecay: number;
    decayLength: number;
    scale: number;
  },
): { parameters: Float64Array; velocity: Float64Array } {
  const parameters = Float64Array.from(state.parameters);
  const velocity = Float64Array.from(state.velocity);
  for (let i = 0; i < parameters.length && o.scale !== 0; i++) {
    const decay = i < o.decayLength ? o.weightDecay : 0;
    const g = gradient[i] * o.scale + decay * parameters[i];
    const dampening = o.momentum === 0 || o.number === 1 ? 0 : (o.dampening ?? 0);
    velocity[i] = o.momentum * velocity[i] + (1 - dampening) * g;
    parameters[i] -= o.learningRate * (o.nesterov ? g + o.momentum * velocity[i] : velocity[i]);
  }
  return { parameters, velocity };
}

/** One step of PyTorch's Adagrad. */
export function adagrad(
  state: { parameters: ArrayLike<number>; sum: ArrayLike<number> },
  gradient: ArrayLike<number>,
  t: number,
  o: {
    learningRate: number;
    rateDecay: number;
    epsilon: number;
    weightDecay: number;
    decayLength: number;
    scale: number;
  },
): { parameters: Float64Array; sum: Float64Array } {
  const parameters = Float64Array.from(state.parameters);
  const sum = Float64Array.from(state.sum);
  for (let i = 0; i < parameters.length && o.scale !== 0; i++) {
    const decay = i < o.decayLength ? o.weightDecay : 0;
    const g = gradient[i] * o.scale + decay * parameters[i];
    sum[i] += g * g;
    const rate = o.learningRate / (1 + (t - 1) * o.rateDecay);
    parameters[i] -= (rate * g) / (Math.sqrt(sum[i]) + o.epsilon);
  }
  return { parameters, sum };
}

/** decay * average + (1 - decay) * parameters. */
export function ema(
  parameters: ArrayLike<number>,
  average: ArrayLike<number>,
  decay: number,
): Float64Array {
  return Float64Array.from(average, (a, i) => decay * a + (1 - decay) * parameters[i]);
}

/** Largest |g| and sum of (g / largest)^2 for every `chunk` elements; sum -1 if one is not finite. */
export function sumOfSquares(gradient: ArrayLike<number>, chunk: number): number[] {
  const partials: number[] = [];
  for (let begin = 0; begin < gradient.length; begin += chunk) {
    const part = Array.from(gradient).slice(begin, begin + chunk);
    const finite = part.filter(Number.isFinite);
    const largest = finite.reduce((a, g) => Math.max(a, Math.abs(g)), 0);
    const sum = largest > 0 ? finite.reduce((a, g) => a + (g / largest) ** 2, 0) : 0;
    partials.push(largest, finite.length < part.length ? -1 : sum);
  }
  return partials;
}

/** The norm from the chunks (-1 if it is not finite), and the factor that bounds it. */
export function clipGradNorm(
  partials: ArrayLike<number>,
  maxNorm: number,
  badBefore: boolean,
): { norm: number; scale: number } {
  let square = 0;
  let finite = true;
  for (let i = 0; i < partials.length; i += 2) {
    square += partials[i] ** 2 * partials[i + 1];
    if (!Number.isFinite(partials[i]) || !(partials[i + 1] >= 0)) finite = false;
  }
  const norm = finite && Math.sqrt(square) <= 3.4e38 ? Math.sqrt(square) : -1;
  return { norm, scale: norm < 0 || badBefore ? 0 : Math.min(1, maxNorm / (norm + 1e-6)) };
}
