import { FacegradError } from '../../gpu/errors';
import type { Value } from '../value';

type Name =
  'x' | 'weight_ih' | 'weight_hh' | 'bias_ih' | 'bias_hh' | 'h0' | 'c0' | 'lengths' | 'peephole';

/**
 * Whether the inputs of an LSTM (4 gates) or GRU (3) fit each other.
 * @throws FacegradError `bad-input` for the first that does not
 */
export function checkRecurrent(
  operation: string,
  gates: number,
  inputs: Partial<Record<Name, Value>>,
): void {
  const [steps, samples, features] = inputs.x!.shape;
  const hidden = inputs.weight_hh!.shape[1];
  const wanted: Record<Name, (number | string)[]> = {
    x: ['T', 'N', 'I'],
    weight_hh: [gates * hidden, hidden],
    weight_ih: [gates * hidden, features],
    bias_ih: [gates * hidden],
    bias_hh: [gates * hidden],
    h0: [samples, hidden],
    c0: [samples, hidden],
    lengths: [samples],
    peephole: [3 * hidden],
  };
  const refuse = (name: Name) => {
    const available = inputs[name]!.shape;
    throw new FacegradError(
      'bad-input',
      `${operation}: ${name} is [${available}], expected [${wanted[name]}]`,
      { operation, wanted: wanted[name], available },
    );
  };
  if (inputs.x!.shape.length !== 3 || steps < 1) refuse('x');
  for (const [name, value] of Object.entries(inputs) as [Name, Value | undefined][]) {
    if (name !== 'x' && value && value.shape.join() !== wanted[name].join()) refuse(name);
  }
}
