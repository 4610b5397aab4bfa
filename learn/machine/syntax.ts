/** The nodes that wgsl_reflect's parser gives, as far as the machine reads them. */

export interface Node {
  line: number;
  /** Offsets into the text, or -1: only statements have them. */
  start: number;
  end: number;
}

export interface Attribute {
  name: string;
  value: string | string[] | null;
}

export interface TypeNode {
  name: string;
  /** Element of an array, a vector or an atomic. */
  format?: TypeNode | null;
  count?: number;
  /** The count of an array where it is more than a literal (see `parse`). */
  countNode?: Expression;
  /** Of a pointer: what it points to, and where. */
  type?: TypeNode | null;
  storage?: string;
  members?: { name: string; type: TypeNode; attributes: Attribute[] | null }[];
}

interface Postfix {
  /** Index or member that follows: `[i].x`. */
  postfix: Access | null;
}
export type Access = Postfix & ({ index: Expression } | { value: string });

export type Expression = Node &
  Postfix &
  (
    | {
        astNodeType: 'literalExpr';
        type: TypeNode;
        value: { data: ArrayLike<number> };
      }
    | { astNodeType: 'varExpr'; name: string }
    | { astNodeType: 'unaryOp'; operator: string; right: Expression }
    | { astNodeType: 'binaryOp'; operator: string; left: Expression; right: Expression }
    | { astNodeType: 'createExpr'; type: TypeNode | null; args: Expression[] | null }
    | { astNodeType: 'callExpr'; name: string; args: Expression[] | null }
    | { astNodeType: 'bitcastExpr'; type: TypeNode; value: Expression }
    | { astNodeType: 'default' }
  );

export type Declared = Node & {
  name: string;
  type: TypeNode | null;
  value: Expression | null;
  attributes: Attribute[] | null;
};

export type Block = Statement[];

export type Statement = Block | Single;

/** A statement other than a block. */
export type Single =
  | (Declared & { astNodeType: 'var'; storage: string; access: string })
  | (Declared & { astNodeType: 'let' | 'const' })
  | (Node & { astNodeType: 'assign'; operator: string; variable: Expression; value: Expression })
  | (Node & { astNodeType: 'increment'; operator: string; variable: Expression })
  | (Node & { astNodeType: 'call'; name: string; args: Expression[] | null })
  | (Node & { astNodeType: 'return'; value: Expression | null })
  | (Node & { astNodeType: 'break'; condition: Expression | null })
  | (Node & { astNodeType: 'continue' })
  | (Node & {
      astNodeType: 'if';
      condition: Expression;
      body: Block;
      elseif: (Node & { condition: Expression; body: Block })[] | null;
      else: Block | null;
    })
  | (Node & {
      astNodeType: 'for';
      init: Statement | null;
      condition: Expression | null;
      increment: Statement | null;
      body: Block;
    })
  | (Node & { astNodeType: 'while'; condition: Expression; body: Block })
  | (Node & { astNodeType: 'loop'; body: Block; continuing: Continuing | null })
  | Continuing
  | (Node & {
      astNodeType: 'switch';
      condition: Expression;
      cases: (Node & { selectors?: Expression[]; body: Block })[];
    })
  | (Node & { astNodeType: 'staticAssert'; expression: Expression });

export type Continuing = Node & { astNodeType: 'continuing'; body: Block };

export type FunctionNode = Node & {
  astNodeType: 'function';
  name: string;
  args: { name: string; type: TypeNode; attributes: Attribute[] | null }[];
  returnType: TypeNode | null;
  body: Block;
  attributes: Attribute[] | null;
};

export type StructNode = Node & TypeNode & { astNodeType: 'struct' };

export type Declaration =
  | (Declared & { astNodeType: 'var'; storage: string; access: string })
  | (Declared & { astNodeType: 'override' })
  | FunctionNode
  | StructNode
  | (Node & { astNodeType: 'alias' | 'enable' | 'requires' | 'diagnostic' })
  | (Node & { astNodeType: 'staticAssert'; expression: Expression });

/** Whether an expression calls one of the functions: what is read before may be another value after it. */
export function callsOneOf(
  functions: { has(name: string): boolean },
  node: Expression | Access | null,
): boolean {
  const inside = (each: Expression | Access | null) => callsOneOf(functions, each);
  if (!node) return false;
  if (inside(node.postfix)) return true;
  if ('index' in node) return inside(node.index);
  if (!('astNodeType' in node)) return false;
  switch (node.astNodeType) {
    case 'callExpr':
      return functions.has(node.name) || (node.args ?? []).some(inside);
    case 'unaryOp':
      return inside(node.right);
    case 'binaryOp':
      return inside(node.left) || inside(node.right);
    case 'createExpr':
      return (node.args ?? []).some(inside);
    case 'bitcastExpr':
      return inside(node.value);
    default:
      return false;
  }
}
