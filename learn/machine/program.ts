import { call } from './calls';
import { Compiler, type Operand, type Scope, type Variable } from './compiler';
import type { Findings } from './findings';
import { Memory } from './memory';
import { CompileError, parse, type Module } from './parse';
import { constantNumber, expression, typeOf, zero } from './expressions';
import { functionBody } from './statements';
import type { Declaration, FunctionNode, StructNode } from './syntax';
import { State, type Op } from './thread';
import { isConcrete, leaves, scalarOf, VOID, type Space } from './types';

/** Values for `override`s, by name. */
export interface CompileOptions {
  overrides?: Record<string, number>;
}

/** A buffer that the program wants. */
export interface Binding {
  group: number;
  binding: number;
  variable: Variable;
}

/** A program, ready to run. Runs of one program take turns: they share its memories. */
export interface Program {
  ops: readonly Op[];
  /** Line of every operation. */
  lines: readonly number[];
  /** The names in scope at operations that begin a statement. */
  starts: readonly (Scope | undefined)[];
  exchanges: Compiler['exchanges'];
  barriers: Compiler['barriers'];
  findings: Findings;
  memories: readonly Memory[];
  bindings: readonly Binding[];
  /** Parameters of the entry point, by what they are. */
  builtins: { name: string; reg: number }[];
  workgroupSize: [number, number, number];
  budget: { turns: number };
  /** Registers that a thread begins with: the constants. */
  initial: Float64Array;
  registers: number;
}

/** The entry point; a thread that returns from it is done. */
const ENTRY = 'main';

type Global = Declaration & { astNodeType: 'var' | 'override' };

/** Compiles a compute shader with the entry point `main`. Throws a CompileError. */
export function compile(code: string, { overrides = {} }: CompileOptions = {}): Program {
  const module = parse(code);
  const c = new Compiler({ expression, call, functionBody });
  const globals = new Map<string, Global>();
  const structs = new Map<string, StructNode>();
  const functions: FunctionNode[] = [];
  for (const declaration of module.declarations) {
    switch (declaration.astNodeType) {
      case 'var':
      case 'override':
        globals.set(declaration.name, declaration);
        break;
      case 'struct':
        structs.set(declaration.name, declaration);
        break;
      case 'function':
        functions.push(declaration);
    }
  }
  for (const name of Object.keys(overrides)) {
    if (!globals.has(name) || module.constants.has(name)) c.fail(`unknown override '${name}'`);
  }
  const bindings: Binding[] = [];
  const underway = new Set<string>();
  c.structure = (name) => structs.get(name) ?? null;
  c.global = (name) => {
    const node = globals.get(name);
    if (!node) return null;
    const { scope, line } = c;
    c.line = node.line;
    if (underway.has(name)) c.fail(`'${name}' depends on itself`);
    underway.add(name);
    c.scope = c.outermost;
    const variable =
      node.astNodeType === 'override'
        ? constantOrOverride(c, node, overrides)
        : moduleVariable(c, node, bindings);
    Object.assign(c, { scope, line });
    return variable;
  };
  for (const [name] of globals) if (!c.outermost.names.has(name)) c.global(name);

  const main = functions.find(
    ({ name, attributes }) => name === ENTRY && attributes?.some(({ name: n }) => n === 'compute'),
  );
  if (!main) throw new CompileError("there is no compute entry point 'main'", 1);
  for (const node of functions) signature(c, node);
  const builtins = entryPoint(c, main, globals);

  const { constants, count } = c.registers;
  return {
    ops: c.ops,
    lines: c.lines,
    starts: c.starts,
    exchanges: c.exchanges,
    barriers: c.barriers,
    findings: c.findings,
    memories: c.memories,
    bindings,
    builtins,
    workgroupSize: workgroupSize(c, module),
    budget: c.budget,
    initial: c.folder.r.slice(0, c.registers.constants),
    registers: Math.max(constants, count),
  };
}

function constantOrOverride(
  c: Compiler,
  node: Global,
  overrides: Record<string, number>,
): Variable {
  const { name } = node;
  let value: Operand;
  if (name in overrides) {
    const type = node.type ? typeOf(c, node.type) : expression(c, node.value!).type;
    const scalar = scalarOf(type)!;
    value = c.constant(
      type,
      scalar.name === 'f32' ? Math.fround(overrides[name]) : overrides[name],
    );
    if (!isConcrete(type)) value = c.concrete(value);
  } else {
    if (!node.value) return c.fail(`override '${name}' has no value`);
    value = expression(c, node.value);
    if (!value.constant) c.fail(`the value of '${name}' is not constant`);
    if (node.type) value = c.coerce(value, typeOf(c, node.type));
  }
  const { type, reg } = value;
  return c.declare({
    name,
    type,
    space: 'private',
    reg,
    memory: null,
    mutable: false,
    constant: true,
  });
}

/** Storage and workgroup variables are memory; private ones and uniforms lie in the registers of each thread. */
function moduleVariable(
  c: Compiler,
  node: Global & { astNodeType: 'var' },
  bindings: Binding[],
): Variable {
  const { name } = node;
  const space = node.storage as Space;
  const type = node.type
    ? typeOf(c, node.type)
    : space === 'private' && node.value
      ? c.concrete(expression(c, node.value)).type
      : c.fail(`'${name}' has no type`);
  const shared = space === 'storage' || space === 'workgroup';
  if (!shared && space !== 'private' && space !== 'uniform') {
    c.fail(`'${name}': the machine does not support textures and samplers`);
  }
  const writable = space === 'workgroup' || node.access === 'read_write';
  const memory = shared ? new Memory(name, space, type, writable, c.findings) : null;
  if (memory) c.memories.push(memory);
  const reg = shared ? 0 : c.allocate(type.size);
  c.hasPrivate ||= space === 'private';
  const variable = c.declare({
    name,
    type,
    space,
    reg,
    memory,
    mutable: shared ? writable : space === 'private',
    constant: false,
  });
  if (space === 'storage' || space === 'uniform') {
    const number = (attribute: string) =>
      Number(node.attributes?.find((each) => each.name === attribute)?.value ?? NaN);
    const [group, binding] = [number('group'), number('binding')];
    if (Number.isNaN(group + binding)) c.fail(`'${name}' needs @group and @binding`);
    bindings.push({ group, binding, variable });
  }
  return variable;
}

function initializePrivate(c: Compiler, globals: Map<string, Global>): void {
  for (const [name, node] of globals) {
    if (node.astNodeType !== 'var' || node.storage !== 'private') continue;
    const { type, reg } = c.lookUp(name);
    c.line = node.line;
    const value = node.value ? c.coerce(expression(c, node.value), type) : zero(c, type);
    c.copy(value.reg, reg, type.size);
  }
}

function signature(c: Compiler, node: FunctionNode): void {
  c.line = node.line;
  if (c.functions.has(node.name)) c.fail(`'${node.name}' is declared twice`);
  c.functions.set(node.name, {
    name: node.name,
    parameters: node.args.map(({ name, type }) => ({ name, type: typeOf(c, type) })),
    result: node.returnType ? typeOf(c, node.returnType) : VOID,
    body: node.body,
  });
}

/** Compiles `main`, and in it all that it calls. Gives its parameters, by what they are. */
function entryPoint(
  c: Compiler,
  main: FunctionNode,
  globals: Map<string, Global>,
): Program['builtins'] {
  initializePrivate(c, globals);
  c.line = main.line;
  c.scope = c.functionScope();
  c.calling.push(ENTRY);
  const { parameters, body } = c.functions.get(ENTRY)!;
  const builtins = parameters.map((parameter, i) => {
    const { attributes } = main.args[i];
    const builtin = attributes?.find((each) => each.name === 'builtin')?.value;
    if (typeof builtin !== 'string') return c.fail(`parameter '${parameter.name}' needs @builtin`);
    const reg = c.allocate(parameter.type.size);
    c.declare({
      ...parameter,
      space: 'function',
      reg,
      memory: null,
      mutable: false,
      constant: false,
    });
    return { name: builtin, reg };
  });
  functionBody(c, body);
  c.emit((t) => void (t.state = State.Done));
  return builtins;
}

function workgroupSize(c: Compiler, module: Module): [number, number, number] {
  const sizes = module.workgroupSize.map((node) => constantNumber(c, node));
  if (sizes.length === 0) c.fail('main needs @workgroup_size');
  const [x, y = 1, z = 1] = sizes;
  if (x * y * z > 256) c.fail(`a workgroup of ${x * y * z} threads is more than 256`);
  return [x, y, z];
}

/** Puts the contents of a uniform buffer into registers. */
export function loadUniform(
  { type, reg, name }: Variable,
  buffer: ArrayBuffer,
  r: Float64Array,
): void {
  if (buffer.byteLength < type.size * 4) {
    throw new Error(`the buffer of ${name} has ${buffer.byteLength} bytes, not ${type.size * 4}`);
  }
  const view = new DataView(buffer);
  for (const { offset, scalar } of leaves(type)) {
    const at = offset * 4;
    r[reg + offset] =
      scalar.name === 'f32'
        ? view.getFloat32(at, true)
        : scalar.name === 'i32'
          ? view.getInt32(at, true)
          : view.getUint32(at, true);
  }
}
