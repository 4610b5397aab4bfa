import { call } from './calls';
import type { Compiler, Operand } from './compiler';
import {
  binary,
  concreteValue,
  condition,
  expression,
  expressionInto,
  typeOf,
  unify,
  values,
  zero,
} from './expressions';
import { JUMP_UNLESS } from './operators';
import { load, placeOf, store } from './places';
import {
  type Block,
  type Continuing,
  type Expression,
  type Single,
  type Statement,
} from './syntax';
import { State, type Label } from './thread';
import { BOOL, F32, INT, isConcrete, scalarOf, VOID } from './types';

/** Where `break` and `continue` go. */
interface Targets {
  onBreak: Label | null;
  onContinue: Label | null;
}
const NOWHERE: Targets = { onBreak: null, onContinue: null };

export function functionBody(c: Compiler, body: Block): void {
  const last = body[body.length - 1];
  const returns = last && !Array.isArray(last) && last.astNodeType === 'return' ? last : null;
  c.inScope(() => {
    for (const each of returns ? body.slice(0, -1) : body) statement(c, each, NOWHERE);
    if (!returns) return;
    // The end is where a return at the end goes anyway.
    c.start(returns.line);
    returnValue(c, returns.value);
  });
  if (!returns && c.returning.type !== VOID && !alwaysReturns(body)) {
    c.fail(`'${c.calling[c.calling.length - 1]}' does not return a value on every path`);
  }
}

function alwaysReturns(body: Block): boolean {
  return body.some((each): boolean => {
    if (Array.isArray(each)) return alwaysReturns(each);
    switch (each.astNodeType) {
      case 'return':
      case 'loop': // Left by a return, or never.
        return true;
      case 'if':
        return (
          alwaysReturns(each.body) &&
          (each.elseif ?? []).every((arm) => alwaysReturns(arm.body)) &&
          alwaysReturns(each.else ?? [])
        );
      case 'switch':
        return each.cases.every((one) => alwaysReturns(one.body));
      default:
        return false;
    }
  });
}

function block(c: Compiler, body: Block, targets: Targets): void {
  c.inScope(() => body.forEach((each) => statement(c, each, targets)));
}

function statement(c: Compiler, node: Statement, targets: Targets): void {
  if (Array.isArray(node)) return block(c, node, targets);
  c.line = node.line;
  // Registers of intermediate values are free again after the statement, those of a variable are not.
  switch (node.astNodeType) {
    case 'var':
    case 'let':
    case 'const':
      c.start(node.line);
      return declaration(c, node);
    case 'if':
    case 'for':
    case 'while':
    case 'loop':
    case 'switch':
      return c.temporarily(() => control(c, node, targets));
    case 'continuing':
      return c.fail('`continuing` must be at the end of a loop');
    case 'staticAssert': {
      const holds = condition(c, node.expression);
      if (!holds.constant || c.valueOf(holds) === 0) c.fail('const_assert fails');
      return;
    }
    default:
      c.start(node.line);
      c.temporarily(() => simple(c, node, targets));
  }
}

function declaration(c: Compiler, node: Single & { astNodeType: 'var' | 'let' | 'const' }): void {
  const { name, value, astNodeType: kind } = node;
  const declare = ({ type, reg, constant }: Operand) => {
    c.declare({
      name,
      type,
      space: 'function',
      reg,
      memory: null,
      mutable: kind === 'var',
      constant,
    });
  };
  if (kind === 'const') {
    const given = expression(c, value!);
    const typed = node.type ? c.coerce(given, typeOf(c, node.type)) : given;
    if (!typed.constant) c.fail(`the value of '${name}' is not constant: use let`);
    return declare(typed);
  }
  if (kind === 'var' && node.storage && node.storage !== 'function') {
    c.fail(`var<${node.storage}> must be declared outside functions`);
  }
  if (!node.type) {
    if (!value) return c.fail(`'${name}' has neither type nor value`);
    const given = concreteValue(c, value);
    if (kind === 'let' && !given.variable) return declare(given); // these registers stay as they are
    const variable = c.temporary(given.type);
    c.copy(given.reg, variable.reg, given.type.size);
    return declare(variable);
  }
  const type = typeOf(c, node.type);
  if (!isConcrete(type) || (type.kind === 'array' && type.count === null)) {
    c.fail(`'${name}' cannot be of type ${type.name}`);
  }
  const variable = c.temporary(type);
  if (value) c.temporarily(() => expressionInto(c, value, type, variable.reg));
  else c.copy(zero(c, type).reg, variable.reg, type.size);
  declare(variable);
}

function simple(c: Compiler, node: Single, targets: Targets): void {
  switch (node.astNodeType) {
    case 'assign':
      return assignment(c, node.operator, node.variable, node.value);
    case 'increment': {
      const place = placeOf(c, node.variable);
      const scalar = scalarOf(place.type);
      if (place.type.kind !== 'scalar' || !scalar || scalar === F32) {
        c.fail(`${node.operator} takes i32 or u32`);
      }
      const one = c.constant(INT, 1);
      const into = place.memory || place.index ? undefined : place.offset;
      const next = binary(c, node.operator[0], load(c, place), one, into);
      if (place.mutable && next.reg === into) return;
      return store(c, place, next);
    }
    case 'call':
      call(c, node.name, node.args ?? []);
      return;
    case 'return':
      return returnStatement(c, node.value);
    case 'break':
      if (node.condition) return c.fail('`break if` must be at the end of `continuing`');
      return c.jump(targets.onBreak ?? c.fail('break outside a loop or switch'));
    case 'continue':
      return c.jump(targets.onContinue ?? c.fail('continue outside a loop'));
    default:
      return c.fail(`the machine does not support this statement (${node.astNodeType})`);
  }
}

function assignment(c: Compiler, operator: string, to: Expression, from: Expression): void {
  if (to.astNodeType === 'varExpr' && to.name === '_') {
    expression(c, from);
    return;
  }
  const place = placeOf(c, to, c.calls(from));
  const into = place.memory || place.index || !place.mutable ? undefined : place.offset;
  if (operator !== '=') {
    const before = load(c, place);
    const old = c.calls(from) ? c.keep(before) : before;
    const value = binary(c, operator.slice(0, -1), old, expression(c, from), into);
    if (value.type.name !== place.type.name)
      c.fail(`expected ${place.type.name}, got ${value.type.name}`);
    if (value.reg !== into) store(c, place, value);
    return;
  }
  // A vector that is put together from its own components must not be overwritten on the way.
  const value = c.coerce(expression(c, from, place.type.size === 1 ? into : undefined), place.type);
  if (value.reg !== into) store(c, place, value);
}

function returnValue(c: Compiler, value: Expression | null): void {
  const { type, reg } = c.returning;
  const given = value && !(value.astNodeType === 'createExpr' && !value.type) ? value : null;
  if ((type === VOID) !== (given === null)) {
    c.fail(given ? 'this function returns nothing' : `this function returns ${type.name}`);
  }
  if (given) expressionInto(c, given, type, reg);
}

function returnStatement(c: Compiler, value: Expression | null): void {
  returnValue(c, value);
  const { end } = c.returning;
  if (end) c.jump(end);
  else c.emit((t) => void (t.state = State.Done));
}

type Control = Single & { astNodeType: 'if' | 'for' | 'while' | 'loop' | 'switch' };

function control(c: Compiler, node: Control, targets: Targets): void {
  switch (node.astNodeType) {
    case 'if': {
      const end = c.label();
      const arms = [node, ...(node.elseif ?? [])];
      for (const { condition: test, body, line } of arms) {
        const next = c.label();
        c.start(line);
        unless(c, test, next);
        block(c, body, targets);
        c.jump(end);
        c.place(next);
      }
      if (node.else) block(c, node.else, targets);
      c.place(end);
      return;
    }
    case 'for':
      return c.inScope(() => {
        if (node.init) statement(c, node.init, targets);
        const { condition: test, increment } = node;
        loop(c, node.line, test, node.body, increment && (() => statement(c, increment, NOWHERE)));
      });
    case 'while':
      return loop(c, node.line, node.condition, node.body, null);
    case 'loop': {
      const last = node.body[node.body.length - 1];
      const inside = !Array.isArray(last) && last?.astNodeType === 'continuing' ? last : null;
      const continuing = node.continuing ?? inside;
      const body = inside ? node.body.slice(0, -1) : node.body;
      return loopWithContinuing(c, node.line, body, continuing);
    }
    case 'switch':
      return switchStatement(c, node, targets);
  }
}

/** Jumps where the condition does not hold. */
function unless(c: Compiler, test: Expression, to: Label): void {
  c.temporarily(() => {
    if (test.astNodeType !== 'binaryOp' || test.postfix || !JUMP_UNLESS[test.operator]) {
      return c.jumpUnless(condition(c, test), to);
    }
    const [left, right] = values(c, [test.left, test.right]);
    const [a, b] = unify(c, left, right);
    const numbers = a.type.kind === 'scalar' && a.type === b.type && a.type !== BOOL;
    if (numbers) c.emit(JUMP_UNLESS[test.operator](a.reg, b.reg, to));
    else c.jumpUnless(c.coerce(binary(c, test.operator, a, b), BOOL), to);
  });
}

function loop(
  c: Compiler,
  line: number,
  test: Expression | null,
  body: Block,
  increment: (() => void) | null,
): void {
  const [top, next, end] = [c.label(), c.label(), c.label()];
  c.place(top);
  c.start(line);
  if (test) unless(c, test, end);
  block(c, body, { onBreak: end, onContinue: next });
  c.place(next);
  increment?.();
  c.line = line;
  turn(c, top);
  c.place(end);
}

function loopWithContinuing(
  c: Compiler,
  line: number,
  body: Block,
  continuing: Continuing | null,
): void {
  const [top, next, end] = [c.label(), c.label(), c.label()];
  c.place(top);
  // Names of the body are known in `continuing`.
  c.inScope(() => {
    body.forEach((each) => statement(c, each, { onBreak: end, onContinue: next }));
    c.place(next);
    c.inScope(() => {
      for (const each of continuing?.body ?? []) {
        if (!Array.isArray(each) && each.astNodeType === 'break' && each.condition) {
          const go = c.label();
          c.start(each.line);
          unless(c, each.condition, go);
          c.jump(end);
          c.place(go);
        } else statement(c, each, NOWHERE);
      }
    });
  });
  c.line = line;
  turn(c, top);
  c.place(end);
}

/** Back to the top of a loop, if there are turns left. */
function turn(c: Compiler, top: Label): void {
  const { budget, findings, line } = c;
  c.emit((t) => {
    t.pc = top.at;
    if (--budget.turns >= 0) return;
    findings.add('endless', t, { line });
    t.state = State.Done;
  });
}

function switchStatement(
  c: Compiler,
  node: Control & { astNodeType: 'switch' },
  targets: Targets,
): void {
  c.start(node.line);
  const value = c.keep(concreteValue(c, node.condition));
  if (value.type.kind !== 'scalar') c.fail('switch takes an integer');
  const end = c.label();
  const bodies = node.cases.map(() => c.label());
  let otherwise = end;
  node.cases.forEach(({ selectors }, i) => {
    for (const selector of selectors ?? [{ astNodeType: 'default' as const }]) {
      if (selector.astNodeType === 'default') {
        otherwise = bodies[i];
        continue;
      }
      const next = c.label();
      const each = c.coerce(expression(c, selector as Expression), value.type);
      c.emit(JUMP_UNLESS['=='](value.reg, each.reg, next));
      c.jump(bodies[i]);
      c.place(next);
    }
  });
  c.jump(otherwise);
  node.cases.forEach(({ body }, i) => {
    c.place(bodies[i]);
    block(c, body, { ...targets, onBreak: end });
    c.jump(end);
  });
  c.place(end);
}
