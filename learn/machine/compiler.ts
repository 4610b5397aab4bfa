import { CompileError } from './parse';
import { Findings } from './findings';
import { Memory } from './memory';
import { conversion } from './operators';
import { callsOneOf, type Access, type Block, type Expression, type TypeNode } from './syntax';
import { Thread, type Label, type Op } from './thread';
import {
  I32,
  INT,
  isConcrete,
  scalarOf,
  VOID,
  withScalar,
  type Space,
  type Struct,
  type Type,
} from './types';

/** A value in registers `reg` and after. */
export interface Operand {
  type: Type;
  reg: number;
  /** Known while compiling; its registers never change. */
  constant: boolean;
  /** It lies in a variable, and so may change before it is used. */
  variable?: boolean;
}

/** A name: in registers, or in shared memory. */
export interface Variable {
  name: string;
  type: Type;
  space: Space;
  reg: number;
  memory: Memory | null;
  mutable: boolean;
  constant: boolean;
  /** Operation from which on it has its value. */
  since: number;
}

export class Scope {
  readonly names = new Map<string, Variable>();
  constructor(readonly parent: Scope | null) {}

  lookUp(name: string): Variable | null {
    return this.names.get(name) ?? this.parent?.lookUp(name) ?? null;
  }
}

/** A function of the program. */
export interface FunctionInfo {
  name: string;
  parameters: { name: string; type: Type }[];
  result: Type;
  body: Block;
}

/** Where `return` leaves its value, and where it goes; the entry point's goes nowhere. */
export interface Returning {
  type: Type;
  reg: number;
  end: Label | null;
}

/** What lanes of a subgroup exchange when all have come. */
export type Exchange = (lanes: Thread[], ids: number[]) => void;

/** The type of a value that is not known before the program runs: whole numbers of no type are i32 then. */
export function concreteType(type: Type): Type {
  return scalarOf(type) === INT ? withScalar(type, I32) : type;
}

/** Registers below this hold constants. */
const CONSTANTS = 1024;
const REGISTERS = 1 << 17;

/** The parts of the compiler that call one another in a circle. */
export interface Parts {
  expression(c: Compiler, node: Expression, into?: number): Operand;
  call(c: Compiler, name: string, nodes: Expression[], into?: number): Operand;
  functionBody(c: Compiler, body: Block): void;
}

/** The state of a compilation: code, registers, names. */
export class Compiler {
  readonly ops: Op[] = [];
  readonly lines: number[] = [];
  /** The scope at operations that begin a statement, for the debugger. */
  readonly starts: (Scope | undefined)[] = [];
  readonly exchanges = new Map<number, Exchange>();
  /** Memory that a barrier orders, by its operation. */
  readonly barriers = new Map<number, Space>();
  readonly findings = new Findings(this.lines);
  readonly memories: Memory[] = [];
  readonly structs = new Map<string, Struct>();
  readonly functions = new Map<string, FunctionInfo>();
  /** Functions whose calls are being compiled, the innermost last. */
  readonly calling: string[] = [];
  /** Turns of loops that are left to a run. */
  readonly budget = { turns: Infinity };

  readonly outermost = new Scope(null);
  scope = this.outermost;
  /** Whether there are variables that every function can change. */
  hasPrivate = false;
  line = 1;
  returning: Returning = { type: VOID, reg: 0, end: null };
  /** The last operations, if they multiply f32s: an addition takes them in. */
  product: { reg: number; a: number[]; b: number[] } | null = null;
  /** Variables and structures of the module, which need not be declared before they are named. */
  global: (name: string) => Variable | null = () => null;
  structure: (name: string) => TypeNode | null = () => null;

  #constants = 0;
  #next = CONSTANTS;
  #high = CONSTANTS;
  #numbers = new Map<string, number>();
  /** Runs operations on constants while compiling; its registers are those that a thread begins with. */
  readonly folder = new Thread(new Float64Array(REGISTERS));

  /** Whether an expression calls a function of the program, which may change variables. */
  calls = (node: Expression | Access | null): boolean => callsOneOf(this.functions, node);

  constructor(readonly parts: Parts) {}

  fail(problem: string): never {
    throw new CompileError(problem, this.line);
  }

  // ---- code

  emit(op: Op): number {
    this.product = null;
    this.lines.push(this.line);
    return this.ops.push(op) - 1;
  }

  place(label: Label): void {
    this.product = null;
    label.at = this.ops.length;
  }

  /** Takes back the last operations. */
  unemit(count: number): void {
    this.ops.length -= count;
    this.lines.length -= count;
  }

  label(): Label {
    return { at: -1 };
  }

  jump(to: Label): void {
    this.emit((t) => {
      t.pc = to.at;
    });
  }

  jumpUnless({ reg }: Operand, to: Label): void {
    this.emit((t) => {
      if (t.r[reg] === 0) t.pc = to.at;
    });
  }

  /** A statement begins here. */
  start(line: number): void {
    this.line = line;
    this.product = null; // a later statement may name it
    this.starts[this.ops.length] = this.scope;
  }

  // ---- registers

  /** Registers up to here are in use for constants; and all of them. */
  get registers(): { constants: number; count: number } {
    return { constants: this.#constants, count: this.#high };
  }

  allocate(size: number): number {
    const reg = this.#next;
    this.#next += size;
    this.#high = Math.max(this.#high, this.#next);
    if (this.#high > REGISTERS) this.fail('the variables are too large for the machine');
    return reg;
  }

  /** Runs `body`, and gives back the registers that it allocated. */
  temporarily<T>(body: () => T): T {
    const next = this.#next;
    const result = body();
    this.#next = next;
    return result;
  }

  temporary(type: Type): Operand {
    return { type, reg: this.allocate(type.size), constant: false };
  }

  #constantRegisters(size: number): number {
    const reg = this.#constants;
    this.#constants += size;
    if (this.#constants > CONSTANTS) this.fail('there are too many constants for the machine');
    return reg;
  }

  constant(type: Type, ...values: number[]): Operand {
    const key = values.map((value) => (Object.is(value, -0) ? '-0' : value)).join();
    let reg = this.#numbers.get(key);
    if (reg === undefined) {
      reg = this.#constantRegisters(values.length);
      this.folder.r.set(values, reg);
      this.#numbers.set(key, reg);
    }
    return { type, reg, constant: true };
  }

  valueOf({ reg }: Operand): number {
    return this.folder.r[reg];
  }

  /**
   * A value computed from others, by an operation for each of its words; at once where all of them are constant,
   * in the registers `into` where that disturbs nothing.
   */
  compute(
    inputs: Operand[],
    of: Type,
    into: number | undefined,
    make: (d: number, lane: number) => Op,
  ): Operand {
    const { size } = of;
    const known = inputs.every(({ constant }) => constant);
    const type = known ? of : concreteType(of);
    if (known) {
      const reg = this.#constantRegisters(size);
      for (let lane = 0; lane < size; lane++) make(reg + lane, lane)(this.folder);
      return { type, reg, constant: true };
    }
    const disturbs = ({ reg, type: { size: n } }: Operand) =>
      into! < reg + n && reg < into! + size && !(reg === into && n === size);
    const direct = into !== undefined && (size === 1 || !inputs.some(disturbs));
    const reg = direct ? into : this.allocate(size);
    for (let lane = 0; lane < size; lane++) this.emit(make(reg + lane, lane));
    return { type, reg, constant: false };
  }

  copy(from: number, to: number, size: number): void {
    if (from === to) return;
    if (size === 1) this.emit((t) => void (t.r[to] = t.r[from]));
    else {
      this.emit(({ r }) => {
        for (let k = 0; k < size; k++) r[to + k] = r[from + k];
      });
    }
  }

  /** The value where no later call can change it. */
  keep(operand: Operand): Operand {
    if (!operand.variable) return operand;
    const kept = this.temporary(operand.type);
    this.copy(operand.reg, kept.reg, operand.type.size);
    return kept;
  }

  // ---- names and types

  lookUp(name: string): Variable {
    return this.scope.lookUp(name) ?? this.global(name) ?? this.fail(`unknown name '${name}'`);
  }

  /** The scope of a function: it sees the module and its own names. */
  functionScope = (): Scope => new Scope(this.outermost);

  declare(variable: Omit<Variable, 'since'>): Variable {
    if (this.scope.names.has(variable.name)) this.fail(`'${variable.name}' is declared twice`);
    const declared = { ...variable, since: this.ops.length };
    this.scope.names.set(variable.name, declared);
    return declared;
  }

  inScope<T>(body: () => T): T {
    const outer = this.scope;
    this.scope = new Scope(outer);
    const result = this.temporarily(body);
    this.scope = outer;
    return result;
  }

  /** The value as one of the type: only whole numbers of literals change their type by themselves. */
  coerce(operand: Operand, type: Type): Operand {
    const from = operand.type;
    if (from.name === type.name) return operand;
    const scalar = scalarOf(type);
    if (
      scalarOf(from) !== INT ||
      !scalar ||
      scalar.name === 'bool' ||
      withScalar(from, scalar).name !== type.name
    ) {
      const numbers = scalar && scalar.name !== 'bool' && scalarOf(from)?.name !== 'bool';
      const converts = numbers && from.size === type.size ? `; ${type.name}(…) converts` : '';
      this.fail(`expected ${type.name}, got ${from.name}${converts}`);
    }
    const values = Array.from(this.folder.r.subarray(operand.reg, operand.reg + from.size));
    const [least, most] = scalar.name === 'u32' ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
    for (const value of values) {
      if (scalar.name !== 'f32' && scalar !== INT && (value < least || value > most)) {
        this.fail(`${value} does not fit in ${scalar.name}`);
      }
    }
    return this.constant(type, ...values.map(conversion('int', scalar.name)));
  }

  /** A value that a variable can have. */
  concrete(operand: Operand): Operand {
    if (isConcrete(operand.type)) return operand;
    if (operand.type.kind === 'void') this.fail('expected a value, and this has none');
    return this.coerce(operand, withScalar(operand.type, I32));
  }
}
