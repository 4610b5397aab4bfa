import { FacegradError } from '../../gpu/errors';

type Shape = readonly number[];

/**
 * The axis of the classes in scores of shape `x`, of which labels of shape `labels` have none: `axis`, or where it is not
 * given the second (PyTorch's place) or the last, whichever fits.
 * @throws FacegradError `bad-input` where none fits, or both do
 */
export function classAxis(operation: string, x: Shape, labels: Shape, axis?: number): number {
  const rank = x.length;
  const fits = (k: number) => x.filter((_, i) => i !== k).join() === labels.join();
  const asked = axis !== undefined && axis < 0 ? axis + rank : axis;
  const places = asked !== undefined ? [asked] : rank < 3 ? [rank - 1] : [1, rank - 1];
  const found = places.filter((k) => Number.isInteger(k) && k >= 0 && k < rank && fits(k));
  if (found.length === 1) return found[0];
  const what =
    found.length > 1 ? 'do not say which axis the classes are on: give `axis`' : 'do not fit';
  const where = axis === undefined ? '' : ` with the classes on axis ${axis}`;
  throw new FacegradError(
    'bad-input',
    `${operation}: scores [${x}] and labels [${labels}]${where} ${what}`,
    { operation, wanted: x, available: labels },
  );
}
