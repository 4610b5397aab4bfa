import type { Compiler } from './compiler';
import type { Expression, TypeNode } from './syntax';
import {
  array,
  atomic,
  BOOL,
  F32,
  I32,
  INT,
  pointer,
  struct,
  U32,
  vector,
  VOID,
  type Scalar,
  type Space,
  type Struct,
  type Type,
} from './types';

const SCALARS: Record<string, Scalar> = { f32: F32, i32: I32, u32: U32, bool: BOOL };
const SUFFIXES: Record<string, Scalar> = { f: F32, i: I32, u: U32 };

/** Evaluates a constant whole number; the compiler of expressions is given to avoid a cycle. */
export type Evaluate = (node: Expression) => number;

/** The type that a node of the syntax names. */
export function typeOf(c: Compiler, node: TypeNode, evaluate: Evaluate): Type {
  const { name } = node;
  if (SCALARS[name]) return SCALARS[name];
  if (name === 'x32') return INT; // the parser's name for a literal without a suffix
  if (name === 'void') return VOID;
  const [, count, suffix] = /^vec([234])([fiu]?)$/.exec(name) ?? [];
  if (count) {
    const of = suffix ? SUFFIXES[suffix] : node.format && typeOf(c, node.format, evaluate);
    if (of?.kind !== 'scalar') return c.fail(`a ${name} of what?`);
    return vector(Number(count), of);
  }
  if (name === 'atomic') {
    const of = typeOf(c, node.format!, evaluate);
    if (of !== I32 && of !== U32) c.fail(`atomic<${of.name}> does not exist`);
    return atomic(of as Scalar);
  }
  if (name === 'array') {
    const of = typeOf(c, node.format!, evaluate);
    const length = node.countNode ? evaluate(node.countNode) : node.count;
    if (length !== undefined && length < 0) c.fail('an array of negative length');
    return array(of, length || null);
  }
  if (name === 'ptr') return pointer(typeOf(c, node.type!, evaluate), node.storage as Space);
  return structOf(c, node, evaluate) ?? c.fail(`unknown type '${name}'`);
}

function structOf(c: Compiler, node: TypeNode, evaluate: Evaluate): Struct | undefined {
  const known = c.structs.get(node.name);
  const members = node.members ?? c.structure(node.name)?.members;
  if (known || !members) return known;
  const made = struct(
    node.name,
    members.map(({ name, type, attributes }) => {
      if (attributes?.some((attribute) => ['size', 'align'].includes(attribute.name))) {
        c.fail(`the machine does not support @size and @align (${node.name}.${name})`);
      }
      return { name, type: typeOf(c, type, evaluate) };
    }),
  );
  c.structs.set(node.name, made);
  return made;
}
