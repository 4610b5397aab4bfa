import { TokenTypes, WgslParser, WgslScanner } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { Declaration, Expression, Statement, TypeNode } from './syntax';

/** A text that the machine cannot run, and where. */
export class CompileError extends Error {
  override name = 'CompileError';
  constructor(
    readonly problem: string,
    readonly line: number,
  ) {
    super(`line ${line}: ${problem}`);
  }
}

interface Token {
  type: unknown;
  lexeme: string;
  line: number;
}

export interface Module {
  declarations: Declaration[];
  /** Names of `const`s of the module, which are `override`s to the parser. */
  constants: Set<string>;
  workgroupSize: Expression[];
}

const { keywords, tokens: marks } = TokenTypes;

/**
 * Parses a module. The parser works out constants by itself, some of them wrong, and then forgets the
 * expression; what it cannot work out becomes 1. So it is given no constants to work out: a `const` of
 * the module goes in as an `override`, which it leaves alone, arguments of `@workgroup_size` are parsed
 * apart, and the count of an array is kept as an expression.
 */
export function parse(code: string): Module {
  const constants = new Set<string>();
  let sizes: Token[][] = [];
  const kept: Token[] = [];
  const scanned = scan(code);
  let depth = 0;
  for (let i = 0; i < scanned.length; i++) {
    const token = scanned[i];
    if (token.lexeme === '{') depth++;
    if (token.lexeme === '}') depth--;
    if (token.type === keywords.const && depth === 0) {
      constants.add(scanned[i + 1].lexeme);
      kept.push(changed(token, keywords.override, 'override'));
      continue;
    }
    kept.push(token);
    if (token.lexeme === 'workgroup_size' && scanned[i + 1]?.lexeme === '(') {
      const begin = i + 2;
      i = closing(scanned, i + 1);
      sizes = splitAtCommas(scanned.slice(begin, i));
    }
  }
  const parser = new WgslParser();
  parser._deferArrayCountEval.push = (deferred: { arrayType: TypeNode; countNode: Expression }) => {
    deferred.arrayType.countNode = deferred.countNode;
  };
  // A case of a switch loses its third statement and those after it, and blocks within `loop` lose their braces.
  const statement = parser._statement.bind(parser) as () => Statement | null;
  parser._statement = () => {
    const parsed = statement();
    return Array.isArray(parsed) ? [parsed] : parsed;
  };
  parser._case_body = () => {
    const body: Statement[] = [];
    while (!parser._check(marks.brace_right)) {
      const parsed = parser._statement() as Statement | null;
      if (parsed !== null) body.push(parsed);
    }
    return body;
  };
  try {
    const declarations = parser.parse(kept) as Declaration[];
    if (parser._current < kept.length && kept[parser._current].lexeme !== '') {
      const token = kept[parser._current];
      throw new CompileError(`unexpected '${token.lexeme}'`, token.line);
    }
    const workgroupSize = sizes.map((size) => {
      parser._initialize([...size, kept[kept.length - 1]]);
      return parser._short_circuit_or_expression() as Expression;
    });
    return { declarations, constants, workgroupSize };
  } catch (error) {
    if (error instanceof CompileError) throw error;
    if (error instanceof RangeError) throw new CompileError('a function calls itself', 1);
    const habit = otherLanguage(code);
    if (habit) throw habit;
    const [, problem, line] = /^(.*?)\.*\s*Line: (\d+)/.exec((error as Error).message) ?? [];
    // A semicolon is missed at the token after it, often a line further down.
    const before = /^Expected ';'/.test(problem ?? '')
      ? kept[parser._current - 1]?.line
      : undefined;
    throw new CompileError(
      problem ?? (error as Error).message,
      Number(before ?? line ?? parser._currentLine ?? 1),
    );
  }
}

/** What people write who come from JavaScript, and what WGSL has in its place. */
const HABITS: [RegExp, string][] = [
  [/\?/, 'WGSL has no `a ? b : c`; it is select(c, b, a)'],
  [/[=!]==/, 'WGSL writes == and !='],
  [/\bMath\./, 'WGSL’s functions stand alone: max(a, b), not Math.max(a, b)'],
  [/=>|\bfunction\b/, 'a function in WGSL begins with fn'],
  [/\*\*/, 'WGSL has no **; it is pow(a, b)'],
  [/["'`$]/, 'WGSL has no strings'],
];

/** The first line that has such a habit, for a text that cannot be parsed. */
function otherLanguage(code: string): CompileError | null {
  for (const [i, line] of code.split('\n').entries()) {
    const text = line.replace(/\/\/.*/, '');
    const habit = HABITS.find(([pattern]) => pattern.test(text));
    if (habit) return new CompileError(habit[1], i + 1);
  }
  return null;
}

/** The tokens, with numbers as the parser understands them: `a-1` has three tokens, `0x1p-2` is 0.25. */
function scan(code: string): Token[] {
  let scanned: Token[];
  try {
    scanned = new WgslScanner(code).scanTokens();
  } catch (error) {
    const message = (error as Error | undefined)?.message ?? 'a sign that WGSL does not know';
    const line = Number(/[Ll]ine:? (\d+)/.exec(message)?.[1] ?? 1);
    throw otherLanguage(code) ?? new CompileError(message, line);
  }
  return scanned.flatMap((token) => {
    const out: Token[] = [];
    let { type, lexeme } = token;
    if (/^-[\d.]/.test(lexeme)) {
      out.push(changed(token, marks.minus, '-'));
      lexeme = lexeme.slice(1);
    }
    if (type === marks.hex_float_literal) {
      const [, whole, fraction = '', exponent = '0'] =
        /^0x([\da-f]*)\.?([\da-f]*)(?:p([-+]?\d+))?/i.exec(lexeme)!;
      const value =
        parseInt(`${whole}${fraction}`, 16) * 2 ** (Number(exponent) - 4 * fraction.length);
      type = marks.decimal_float_literal;
      lexeme = String(value);
    }
    out.push(changed(token, type, lexeme));
    return out;
  });
}

function changed(token: Token, type: unknown, lexeme: string): Token {
  const made = Object.create(Object.getPrototypeOf(token) as object) as Token;
  return Object.assign(made, token, { type, lexeme });
}

function closing(tokens: Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    if (tokens[i].lexeme === '(') depth++;
    if (tokens[i].lexeme === ')' && --depth === 0) return i;
  }
  throw new CompileError("')' is missing", tokens[open].line);
}

function splitAtCommas(tokens: Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.lexeme === '(') depth++;
    if (token.lexeme === ')') depth--;
    if (token.lexeme === ',' && depth === 0) parts.push([]);
    else parts[parts.length - 1].push(token);
  }
  return parts.filter((part) => part.length > 0);
}
