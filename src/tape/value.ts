import { FacegradError } from '../gpu/errors';
import { size, storageSize, type Layout, type TensorSpec } from '../kernels/kernel';

/**
 * - `state`: lives outside any plan, in a `Storage`: inputs, parameters, statistics, optimizer state.
 * - `temporary`: lives from its first to its last use inside one step.
 */
export type Role = 'state' | 'temporary';

/** Bytes to which a view's offset must be aligned (WebGPU's default for storage bindings). */
const VIEW_ALIGNMENT = 256;

/** A tensor that kernels read and write: a description, without memory. */
export class Value {
  /** The parameter's gradient, where it has one: backward writes there. */
  grad?: Value;
  /** Set on a view: the tensor it is part of, and where it begins, in elements. */
  root: Value;
  offset = 0;
  /** What a state holds from the beginning, where that is not zeros. */
  initial?: Uint32Array;
  /** The physical layout in which this value's producer wants the gradient; dense if left out. */
  gradientLayout?: Layout;

  constructor(
    readonly name: string,
    public spec: TensorSpec,
    readonly role: Role,
  ) {
    this.root = this;
  }

  get shape(): readonly number[] {
    return this.spec.shape;
  }

  /**
   * The value that a dispatch can read: this one, unless its operation waits for a reader (`later`).
   * @param _layout what the reader can read: that layout, 'any', or dense ones where it is left out
   */
  settle(_layout?: Layout | 'any'): Value {
    return this;
  }

  /** Bytes that it occupies. */
  get bytes(): number {
    return storageSize(this.spec) * 4;
  }

  /**
   * Part of this tensor, or all of it in another shape, without a copy.
   * @param offset first element; a multiple of 64, as WebGPU binds at multiples of 256 bytes
   */
  view(name: string, spec: TensorSpec, offset = 0): Value {
    const begin = this.offset + offset;
    if ((begin * 4) % VIEW_ALIGNMENT !== 0) {
      throw new FacegradError('bad-input', `view ${name}: ${begin} is not a multiple of 64`);
    }
    if (begin * 4 + storageSize(spec) * 4 > this.root.bytes) {
      throw new FacegradError('bad-input', `view ${name} ends outside ${this.root.name}`);
    }
    const view = new Value(name, spec, this.role);
    view.root = this.root;
    view.offset = begin;
    return view;
  }

  /** The same elements in another shape. Rows of a physical layout stay rows. */
  reshape(shape: readonly number[]): Value {
    const { dtype, layout } = this.spec;
    const rows = shape.slice(-2).join() === this.shape.slice(-2).join();
    if ((layout && !rows) || size(shape) !== size(this.shape)) {
      throw new FacegradError('bad-input', `[${this.shape}] cannot be reshaped to [${shape}]`);
    }
    const value = this.view(this.name, { shape, dtype, layout });
    if (rows) value.gradientLayout = this.gradientLayout;
    return value;
  }

  /** What is bound where an optional input is left out, as something must be. Nothing reads it, no text shows it. */
  get standIn(): Value {
    return this.view('', this.spec);
  }

  toString(): string {
    const { shape, dtype, layout } = this.spec;
    return `${this.name} ${dtype}[${shape}]${layout ? `+${layout.border}` : ''}`;
  }
}

/** A tensor that outlives a step. */
export function state(name: string, spec: TensorSpec): Value {
  return new Value(name, spec, 'state');
}

/** Numbers that never change: a table that a kernel looks things up in. */
export function constant(name: string, spec: TensorSpec, data: Uint32Array): Value {
  const value = state(name, spec);
  value.initial = data;
  return value;
}
