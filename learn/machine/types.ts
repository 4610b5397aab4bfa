/** Types and their layout. Sizes and offsets are in words of 4 bytes, the same in memory and in registers. */

export type ScalarName = 'f32' | 'i32' | 'u32' | 'bool' | 'int';
/** Where a variable lies. `function` and `private` memory are registers of the thread. */
export type Space = 'function' | 'private' | 'workgroup' | 'storage' | 'uniform';

interface Common {
  /** As WGSL writes it; types are the same when their names are. */
  name: string;
  size: number;
  align: number;
}
export type Scalar = Common & { kind: 'scalar'; name: ScalarName };
export type Vector = Common & { kind: 'vector'; of: Scalar; count: number };
/** `count` is null where the buffer decides. */
export type ArrayOf = Common & { kind: 'array'; of: Type; count: number | null; stride: number };
export type Atomic = Common & { kind: 'atomic'; of: Scalar };
export interface Member {
  name: string;
  type: Type;
  offset: number;
}
export type Struct = Common & { kind: 'struct'; members: Member[] };
export type Pointer = Common & { kind: 'pointer'; to: Type; space: Space };
export type Type =
  Scalar | Vector | ArrayOf | Atomic | Struct | Pointer | (Common & { kind: 'void' });

const scalar = (name: ScalarName): Scalar => ({ kind: 'scalar', name, size: 1, align: 1 });
export const F32 = scalar('f32');
export const I32 = scalar('i32');
export const U32 = scalar('u32');
export const BOOL = scalar('bool');
/** A whole number that a literal gives: it becomes what its place wants. */
export const INT = scalar('int');
export const VOID: Type = { kind: 'void', name: 'void', size: 0, align: 1 };

const up = (value: number, align: number) => Math.ceil(value / align) * align;

export function vector(count: number, of: Scalar): Vector {
  return {
    kind: 'vector',
    name: `vec${count}<${of.name}>`,
    of,
    count,
    size: count,
    align: count === 2 ? 2 : 4,
  };
}

export function array(of: Type, count: number | null): ArrayOf {
  const stride = up(of.size, of.align);
  const name = count === null ? `array<${of.name}>` : `array<${of.name}, ${count}>`;
  return { kind: 'array', name, of, count, stride, size: stride * (count ?? 0), align: of.align };
}

export function atomic(of: Scalar): Atomic {
  return { kind: 'atomic', name: `atomic<${of.name}>`, of, size: 1, align: 1 };
}

export function struct(name: string, fields: { name: string; type: Type }[]): Struct {
  let end = 0;
  let align = 1;
  const members = fields.map(({ name, type }) => {
    const offset = up(end, type.align);
    end = offset + type.size;
    align = Math.max(align, type.align);
    return { name, type, offset };
  });
  return { kind: 'struct', name, members, size: up(end, align), align };
}

export function pointer(to: Type, space: Space): Pointer {
  return { kind: 'pointer', name: `ptr<${space}, ${to.name}>`, to, space, size: 1, align: 1 };
}

/** Scalar of a number, a vector or an atomic. */
export function scalarOf(type: Type): Scalar | null {
  if (type.kind === 'scalar') return type;
  return type.kind === 'vector' || type.kind === 'atomic' ? type.of : null;
}

/** Components of a vector; 1 for a scalar. */
export const lanesOf = (type: Type): number => (type.kind === 'vector' ? type.count : 1);

/** The same shape with another scalar. */
export function withScalar(type: Type, of: Scalar): Type {
  return type.kind === 'vector' ? vector(type.count, of) : of;
}

/** Every scalar within a value, and the word it lies in. */
export function leaves(type: Type, offset = 0): { offset: number; scalar: Scalar }[] {
  switch (type.kind) {
    case 'array':
      return Array.from({ length: type.count ?? 0 }, (_, i) =>
        leaves(type.of, offset + i * type.stride),
      ).flat();
    case 'struct':
      return type.members.flatMap((member) => leaves(member.type, offset + member.offset));
    case 'vector':
      return Array.from({ length: type.count }, (_, i) => ({
        offset: offset + i,
        scalar: type.of,
      }));
    case 'pointer':
      return [{ offset, scalar: U32 }];
    case 'void':
      return [];
    default:
      return [{ offset, scalar: scalarOf(type)! }];
  }
}

/** Whether a variable of this type may hold it at run time: abstract numbers and `void` are none. */
export const isConcrete = (type: Type): boolean =>
  type.kind !== 'void' && scalarOf(type)?.name !== 'int';

const VIEW = new DataView(new ArrayBuffer(4));

/** Number of a word, and word of a number. */
export function fromBits(scalar: Scalar, bits: number): number {
  if (scalar.name === 'f32') {
    VIEW.setUint32(0, bits);
    return VIEW.getFloat32(0);
  }
  return scalar.name === 'i32' ? bits | 0 : bits >>> 0;
}

export function toBits(scalar: Scalar, value: number): number {
  if (scalar.name !== 'f32') return value >>> 0;
  VIEW.setFloat32(0, value);
  return VIEW.getUint32(0);
}
