import {
  conv5x5BackwardInputPlain,
  conv5x5BackwardWeightPlain,
  conv5x5FlipWeights,
  conv5x5ForwardPlain,
  conv5x5ReduceWeight,
} from '../../kernels/conv5x5';
import {
  conv5x5BackwardWeight,
  conv5x5Forward,
  conv5x5Variant,
  winogradPays,
  winogradTile,
  type Conv5x5Variant,
} from '../../kernels/conv_choice';
import { works } from '../../kernels/fast';
import { bordered, f32, size, u32, type Layout } from '../../kernels/kernel';
import { convKey, type ConvChoice, type ConvPass } from '../../kernels/tuning';
import { WINOGRAD, type Flipped, type WinogradTile } from '../../kernels/winograd';
import { inLayout } from '../later';
import { defineOperation, type Tape } from '../tape';
import { constant, type Value } from '../value';
import { asFrame } from './conv_window';
import { winogradConvolution, winogradWeightGradient } from './winograd';

export type { Conv5x5Variant };

/** Attributes of the operation. */
export interface Conv5x5Attributes {
  /** Physical layout of y; dense where it is left out. Only the plain kernel writes another. */
  layout?: Layout;
  /** Which kernels run; those that the layouts do not suit fall back to plain under 'auto'. */
  variant?: Conv5x5Variant;
  /** Flips this layer's weights together with those of others. */
  flipped?: FlippedWeights;
}

/** Weights of several layers, all parts of one buffer, that one dispatch flips for all of their gradients. */
export class FlippedWeights {
  readonly #weights: Value[];
  readonly #made = new WeakMap<Tape, Value>();

  constructor(...weights: Value[]) {
    this.#weights = weights;
  }

  add(weight: Value): void {
    this.#weights.push(weight);
  }

  /** The flipped weight [G,O,5,5,C] of weight [G,C,5,5,O]; the first that a tape asks for appends the dispatch. */
  of(tape: Tape, weight: Value): Value {
    const begin = Math.min(...this.#weights.map(({ offset }) => offset));
    let flipped = this.#made.get(tape);
    if (!flipped) {
      flipped = this.#flip(tape, begin);
      this.#made.set(tape, flipped);
    }
    const [G, C, , , O] = weight.shape;
    return flipped.view(`${weight.name} flipped`, f32([G, O, 5, 5, C]), weight.offset - begin);
  }

  #flip(tape: Tape, begin: number): Value {
    const { root, shape } = this.#weights[0];
    const end = Math.max(...this.#weights.map(({ offset, shape }) => offset + size(shape)));
    const layers = this.#weights.map(({ offset, shape: [, channels, , , outputs] }) => ({
      begin: offset - begin,
      channels,
      outputs,
    }));
    const table = layers.flatMap(({ begin, channels, outputs }) => [begin, channels, outputs]);
    return tape.dispatch(
      conv5x5FlipWeights,
      {
        weights: root.view(`${root.name} to flip`, f32([end - begin]), begin),
        layers: constant('flipped layers', u32([layers.length, 3]), Uint32Array.from(table)),
      },
      { groups: shape[0], layers },
    ).flipped;
  }
}

/** y [G,N,O,H,W] = the 5x5 convolution of x [G,N,C,H,W] with weight [G,C,5,5,O], "same" size, no bias. */
export const conv5x5 = defineOperation({
  name: 'conv5x5',
  layouts: 'reads',
  forward(
    tape: Tape,
    { x, weight }: Record<'x' | 'weight', Value>,
    { layout, variant }: Conv5x5Attributes = {},
  ): Record<'y', Value> {
    const choice = tuned(
      tape,
      'forward',
      [x],
      weight.shape[4],
      variant,
      tape.fixed.includes(weight.root),
    );
    const chosen = layout ? 'plain' : conv5x5Variant(tape.capabilities, [x.spec], choice.variant);
    if (chosen === 'plain') {
      const { y } = tape.dispatch(conv5x5ForwardPlain, { x, weight }, { layout });
      y.gradientLayout = bordered(x.shape[4]);
      return { y };
    }
    if (chosen === 'winograd') {
      const y = byWinograd(tape, choice.tile, x, weight, { flipped: false });
      y.gradientLayout = bordered(x.shape[4]);
      return { y };
    }
    const { kernel, attributes } = conv5x5Forward(
      tape.capabilities,
      'forward',
      chosen,
      x.spec,
      weight.spec,
    );
    const { y } = tape.dispatch(kernel, { x, weight }, { ...attributes, ...choice.rest });
    y.gradientLayout = bordered(x.shape[4]);
    return { y };
  },
  backward(tape, { inputs: { x, weight }, attributes, dy: { y: given } }) {
    if (!given) return {};
    const { variant = 'auto', flipped } = attributes ?? {};
    const asIs = given.spec.layout || variant !== 'auto' || tape.plain;
    const dy = asIs ? given : inLayout(tape, given, bordered(x.shape[4]));
    return {
      x: tape.needsGradient(x) ? inputGradient(tape, dy, weight, variant, flipped) : undefined,
      weight: tape.needsGradient(weight) ? weightGradient(tape, x, dy, weight, variant) : undefined,
    };
  },
});

function byWinograd(
  tape: Tape,
  tile: WinogradTile,
  x: Value,
  weight: Value,
  direction: Flipped,
): Value {
  const map = [x.shape[3], x.shape[4]] as const;
  return winogradConvolution(tape, WINOGRAD[tile], asFrame(x), weight, map, direction);
}

/** The variant to ask for and what else a search has found; what is asked for explicitly wins. */
function tuned(
  tape: Tape,
  pass: ConvPass,
  [read, ...more]: Value[],
  outputs: number,
  asked: Conv5x5Variant = 'auto',
  fixed = false,
): { variant: Conv5x5Variant; tile: WinogradTile; rest: Omit<ConvChoice, 'variant' | 'tile'> } {
  const tile = winogradTile(read.shape);
  if (asked !== 'auto') return { variant: asked, tile, rest: {} };
  if (tape.plain) return { variant: 'plain', tile, rest: {} };
  const direct = tape.tuning?.kernels === 'direct';
  const found = tape.tuning?.conv5x5[convKey(pass, read.spec, outputs)];
  const { capabilities } = tape;
  const wrong = found && !works(capabilities, `conv5x5 ${found.variant}`);
  if (found && !wrong && !(direct && found.variant === 'winograd')) {
    const { variant, tile: foundTile = tile, ...rest } = found;
    return { variant, tile: foundTile, rest };
  }
  const specs = [read, ...more].map(({ spec }) => spec);
  const bordered = conv5x5Variant(capabilities, specs) !== 'plain';
  const may = !direct && bordered && works(capabilities, 'conv5x5 winograd');
  const [, N, C, H, W] = read.shape;
  const layer = { images: N, channels: C, outputs, map: [H, W], fixed } as const;
  const pays = may && winogradPays(capabilities, pass, WINOGRAD[tile], layer);
  return { variant: pays ? 'winograd' : 'auto', tile, rest: {} };
}

function inputGradient(
  tape: Tape,
  dy: Value,
  weight: Value,
  variant?: Conv5x5Variant,
  together = new FlippedWeights(weight),
): Value {
  const choice = tuned(tape, 'backward_input', [dy], weight.shape[1], variant);
  const chosen = conv5x5Variant(tape.capabilities, [dy.spec], choice.variant);
  if (chosen === 'plain') return tape.dispatch(conv5x5BackwardInputPlain, { dy, weight }, {}).dx;
  if (chosen === 'winograd') {
    return byWinograd(tape, choice.tile, dy, weight, { flipped: true });
  }
  const flipped = together.of(tape, weight);
  const { kernel, attributes } = conv5x5Forward(
    tape.capabilities,
    'backward_input',
    chosen,
    dy.spec,
    flipped.spec,
  );
  return tape.dispatch(kernel, { x: dy, weight: flipped }, { ...attributes, ...choice.rest }).y;
}

function weightGradient(
  tape: Tape,
  x: Value,
  dy: Value,
  weight: Value,
  variant?: Conv5x5Variant,
): Value {
  const choice = tuned(tape, 'backward_weight', [x, dy], weight.shape[4], variant);
  const chosen = conv5x5Variant(tape.capabilities, [x.spec, dy.spec], choice.variant);
  const dweight = tape.destination(weight);
  if (chosen === 'winograd') {
    return winogradWeightGradient(tape, WINOGRAD[choice.tile], asFrame(x), dy, dweight);
  }
  if (chosen === 'plain')
    return tape.dispatch(conv5x5BackwardWeightPlain, { x, dy, dweight }).dweight;
  const usual = conv5x5BackwardWeight(tape.capabilities, chosen, x.spec, dy.spec);
  const { kernel } = usual;
  const attributes = { ...usual.attributes, ...choice.rest };
  if (attributes.parts === 1 && dweight) {
    return tape.dispatch(kernel, { x, dy, partials: dweight }, attributes).partials;
  }
  const { partials } = tape.dispatch(kernel, { x, dy }, attributes);
  return tape.dispatch(conv5x5ReduceWeight, { partials, dweight }).dweight;
}
