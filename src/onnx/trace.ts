import { FacegradError } from '../gpu/errors';
import { f32, u32 } from '../kernels/kernel';
import { PLAIN } from '../kernels/tuning';
import type { Network } from '../nn/network';
import { Tape, type Operation } from '../tape/tape';
import { state, type Value } from '../tape/value';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- operations of every kind
export type AnyOperation = Operation<any, any, any, any>;

/** One operation that a forward pass applied. */
export interface Applied {
  operation: AnyOperation;
  inputs: Record<string, Value | undefined>;
  outputs: Record<string, Value>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- attributes are each operation's own
  attributes: any;
}

/** A tape that remembers what is applied, down to the operations that `known` has; fused blocks fall apart. */
class TracingTape extends Tape {
  readonly applied: Applied[] = [];
  #inside = 0;

  constructor(readonly known: ReadonlyMap<AnyOperation, unknown>) {
    super(undefined, PLAIN);
  }

  override apply<
    In extends { [K in keyof In]: Value | undefined },
    O extends string,
    S extends string,
    A,
  >(
    operation: Operation<In, O, S, A>,
    read: In,
    attributes: A = undefined as A,
  ): Record<O | S, Value> {
    // What makes the inputs is applied before this.
    const inputs = Object.fromEntries(
      Object.entries<Value | undefined>(read).map(([name, value]) => [name, value?.settle()]),
    ) as In;
    const whole = this.known.has(operation) || !operation.composite;
    if (whole) this.#inside++;
    const outputs = super.apply(operation, inputs, attributes);
    if (whole) this.#inside--;
    if (whole && this.#inside === 0) {
      this.applied.push({ operation, inputs, outputs, attributes: attributes ?? {} });
    }
    return outputs;
  }
}

/** A forward pass at rest: what it applied, and the values it began and ended with. */
export interface Trace {
  frames: number;
  samples: number;
  applied: readonly Applied[];
  /** [streams, T * N, 1, size, size] */
  x: Value;
  lengths?: Value;
  logits: Value;
}

function trace(
  network: Network,
  known: ReadonlyMap<AnyOperation, unknown>,
  frames: number,
  samples: number,
): Trace {
  const { size, streams, frames: sample } = network.config;
  const x = state('pictures', f32([streams.length, frames * samples, 1, size, size]));
  const lengths = sample.mode === 'sequence' ? state('lengths', u32([samples])) : undefined;
  const tape = new TracingTape(known);
  const options = { training: false, step: state('step', u32([64])), lengths };
  const { logits } = network.forwardFrom(tape, x, samples, options);
  return { frames, samples, applied: tape.applied, x, lengths, logits };
}

/**
 * Two passes that differ in their numbers of samples and, where samples are sequences, of frames. Those numbers grow by
 * different factors, so that it can be told from an extent of both what it counts.
 */
export function traces(
  network: Network,
  known: ReadonlyMap<AnyOperation, unknown>,
): [one: Trace, other: Trace] {
  const { mode, count } = network.config.frames;
  if (mode !== 'sequence') return [trace(network, known, 1, 2), trace(network, known, 1, 5)];
  const one = trace(network, known, count, 2);
  try {
    return [one, trace(network, known, count + 1, 5)];
  } catch (cause) {
    throw new FacegradError(
      'unsupported',
      `ONNX export: the network takes ${count} frames, not ${count + 1}; its forward must compute their number from x and \`pass.samples\``,
      { wanted: count + 1, available: count, cause },
    );
  }
}
