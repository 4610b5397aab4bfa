import { describe, expect, it } from 'vitest';
import { accumulate } from '../../src/kernels/add';
import { bordered, f32, type Kernel } from '../../src/kernels/kernel';
import { reluForward } from '../../src/kernels/relu';
import { add } from '../../src/tape/operations/add';
import { linear } from '../../src/tape/operations/dense';
import { relu } from '../../src/tape/operations/relu';
import { reshape } from '../../src/tape/operations/reshape';
import { defineOperation, Tape } from '../../src/tape/tape';
import { state, type Value } from '../../src/tape/value';

function parameter(name: string, shape: number[]): Value {
  const value = state(name, f32(shape));
  value.grad = state(`d${name}`, f32(shape));
  return value;
}

function layer(name: string, inputs: number, outputs: number) {
  return {
    weight: parameter(`${name}.weight`, [outputs, inputs]),
    bias: parameter(`${name}.bias`, [outputs]),
  };
}

const names = (tape: Tape) => tape.dispatches.map(({ kernel }) => kernel.name);

describe('record', () => {
  it('only appends: what a kernel does not get is a new temporary of the shape it says', () => {
    const tape = new Tape();
    const x = state('x', f32([2, 3]));
    const outputs = tape.dispatch(reluForward, { x });
    expect(Object.keys(outputs)).toEqual(['y']);
    expect(outputs.y).toMatchObject({ name: '%0.y', role: 'temporary', shape: [2, 3] });
    expect(tape.dispatches).toHaveLength(1);
    expect(tape.dispatches[0].values).toEqual({ x, y: outputs.y });
  });

  it('an output that is given a place is that place', () => {
    const tape = new Tape();
    const x = state('x', f32([4]));
    const place = state('place', f32([4]));
    expect(tape.dispatch(reluForward, { x, y: place }).y).toBe(place);
    expect(tape.dispatch(accumulate, { x, y: place }).y).toBe(place);
  });

  it('a temporary keeps the layout of its input', () => {
    const tape = new Tape();
    const layout = bordered(6);
    const x = state('x', f32([1, 6, 6], layout));
    expect(tape.dispatch(reluForward, { x }).y.spec.layout).toEqual(layout);
  });

  it('names the binding that got nothing', () => {
    const forgetful = { ...reluForward, outputs: () => ({}) } as unknown as Kernel<'x', never>;
    expect(() => new Tape().dispatch(forgetful, { x: state('x', f32([1])) })).toThrow(
      'relu.forward: y is missing',
    );
  });

  it('prints a line a dispatch', () => {
    const tape = new Tape();
    const x = state('x', f32([8, 3, 6, 6], bordered(6)));
    const { y } = tape.dispatch(reluForward, { x });
    tape.dispatch(accumulate, { x: y, y: x });
    expect(tape.toString()).toBe(
      [
        '%0.y f32[8,3,6,6]+2 = relu.forward(x=x)',
        '() = add.accumulate(x=%0.y, y=x)', // in place: nothing new
      ].join('\n'),
    );
  });
});

describe('backward', () => {
  it('appends the gradient to the same list, last operation first', () => {
    const tape = new Tape();
    const x = state('x', f32([5, 3]));
    const [first, second] = [layer('first', 3, 4), layer('second', 4, 2)];
    const hidden = tape.apply(relu, { x: tape.apply(linear, { x, ...first }).y }).y;
    const y = tape.apply(linear, { x: hidden, ...second }).y;
    tape.seed(y, state('dy', f32([5, 2])));
    tape.backward();
    expect(tape.toString()).toBe(
      [
        '%0.y f32[5,4] = dense.forward(x=x, weight=first.weight, bias=first.bias)',
        '%1.y f32[5,4] = relu.forward(x=%0.y)',
        '%2.y f32[5,2] = dense.forward(x=%1.y, weight=second.weight, bias=second.bias)',
        '%3.dx f32[5,4] = dense.backward(x=%1.y, weight=second.weight, dy=dy, dweight=dsecond.weight, dbias=dsecond.bias)',
        '%4.dx f32[5,4] = relu.backward(y=%1.y, dy=%3.dx)',
        '%5.dx f32[1] = dense.backward(x=x, weight=first.weight, dy=%4.dx, dweight=dfirst.weight, dbias=dfirst.bias)',
      ].join('\n'), // x is data: of its gradient there is but a place
    );
    expect(tape.gradientOf(first.weight)).toBe(first.weight.grad);
    expect(tape.gradientOf(x)).toBeUndefined();
  });

  it('computes nothing for what no parameter lies behind', () => {
    const tape = new Tape();
    const { y } = tape.apply(relu, { x: state('x', f32([3])) });
    tape.seed(y, state('dy', f32([3])));
    tape.backward();
    expect(names(tape)).toEqual(['relu.forward']);
    expect(tape.needsGradient(y)).toBe(false);
  });

  it('passes by an operation that nothing seeded depends on', () => {
    const tape = new Tape();
    const x = state('x', f32([5, 3]));
    const [used, unused] = [layer('used', 3, 2), layer('unused', 3, 2)];
    const { y } = tape.apply(linear, { x, ...used });
    tape.apply(linear, { x, ...unused });
    tape.seed(y, state('dy', f32([5, 2])));
    tape.backward();
    expect(tape.gradientOf(used.weight)).toBe(used.weight.grad);
    expect(tape.gradientOf(unused.weight)).toBeUndefined();
  });

  it('adds up the gradients of a value that is used twice', () => {
    const tape = new Tape();
    const x = tape.apply(linear, { x: state('x', f32([5, 3])), ...layer('first', 3, 4) }).y;
    const { y } = tape.apply(add, { a: tape.apply(relu, { x }).y, b: x });
    tape.seed(y, state('dy', f32([5, 4])));
    tape.backward();
    // dy goes to b, which is x, at once; what comes through the ReLU is added.
    expect(tape.toString().split('\n').slice(3)).toEqual([
      '%3.dx f32[5,4] = relu.backward(y=%1.y, dy=dy)',
      '%4.y f32[5,4] = add.forward(a=dy, b=%3.dx)',
      '%5.dx f32[1] = dense.backward(x=x, weight=first.weight, dy=%4.y, dweight=dfirst.weight, dbias=dfirst.bias)',
    ]);
  });

  it('writes the first gradient of a parameter to its place, and adds the second to it', () => {
    const tape = new Tape();
    const shared = layer('shared', 3, 3);
    const hidden = tape.apply(linear, { x: state('x', f32([5, 3])), ...shared }).y;
    const { y } = tape.apply(linear, { x: hidden, ...shared });
    tape.seed(y, state('dy', f32([5, 3])));
    tape.backward();
    expect(tape.toString().split('\n').slice(2)).toEqual([
      '%2.dx f32[5,3] = dense.backward(x=%0.y, weight=shared.weight, dy=dy, dweight=dshared.weight, dbias=dshared.bias)',
      '%3.dx f32[1], %4.dweight f32[3,3], %5.dbias f32[3] = dense.backward(x=x, weight=shared.weight, dy=%2.dx)',
      '() = add.accumulate(y=dshared.weight, x=%4.dweight)',
      '() = add.accumulate(y=dshared.bias, x=%5.dbias)',
    ]);
  });

  it('hands out the place of a parameter once, also within one operation', () => {
    const tape = new Tape();
    const weight = parameter('weight', [2]);
    expect(tape.destination(weight)).toBe(weight.grad);
    expect(tape.destination(weight)).toBeUndefined();
    expect(tape.destination(state('data', f32([2])))).toBeUndefined();
  });

  it('goes through a reshape, which dispatches nothing', () => {
    const tape = new Tape();
    const flat = tape.apply(linear, { x: state('x', f32([5, 3])), ...layer('first', 3, 4) }).y;
    const { y } = tape.apply(reshape, { x: flat }, { shape: [5, 2, 2] });
    expect(y.root).toBe(flat);
    tape.seed(tape.apply(relu, { x: y }).y, state('dy', f32([5, 2, 2])));
    tape.backward();
    expect(names(tape)).toEqual([
      'dense.forward',
      'relu.forward',
      'relu.backward',
      'dense.backward',
    ]);
    expect(tape.gradientOf(flat)!.shape).toEqual([5, 4]);
  });

  it('a gradient that an operation only hands on is copied to its parameter', () => {
    const tape = new Tape();
    const [a, b] = [parameter('a', [2]), state('b', f32([2]))];
    const { y } = tape.apply(add, { a, b }); // dy itself is the gradient
    tape.seed(y, state('dy', f32([2])));
    tape.backward();
    expect(names(tape)).toEqual(['add.forward', 'copy.strided']);
  });
});

describe('errors', () => {
  it('a view made beside the tape would stop the gradient', () => {
    const tape = new Tape();
    const { y } = tape.apply(linear, { x: state('x', f32([5, 3])), ...layer('first', 3, 4) });
    expect(() => tape.apply(relu, { x: y.reshape([20]) })).toThrow(/%0.y through a view/);
  });

  it('a gradient that is asked for twice', () => {
    const tape = new Tape();
    tape.backward();
    expect(() => tape.backward()).toThrow(/already/);
  });

  it('an operation without a gradient ends the walk', () => {
    const opaque = defineOperation({
      name: 'opaque',
      forward: (tape, { x }: Record<'x', Value>) => tape.dispatch(reluForward, { x }),
    });
    const tape = new Tape();
    const first = layer('first', 3, 4);
    const { y } = tape.apply(linear, { x: state('x', f32([5, 3])), ...first });
    tape.seed(tape.apply(opaque, { x: y }).y, state('dy', f32([5, 4])));
    tape.backward();
    expect(tape.gradientOf(first.weight)).toBeUndefined();
  });
});

describe('views', () => {
  const x = state('x', f32([4, 64]));

  it('share the root and add up their offsets', () => {
    const view = x.view('rows', f32([2, 64]), 64);
    const nested = view.view('row', f32([64]), 64);
    expect([view.root, view.offset, view.bytes]).toEqual([x, 64, 512]);
    expect([nested.root, nested.offset]).toEqual([x, 128]);
  });

  it('begin where WebGPU can bind', () => {
    expect(() => x.view('odd', f32([1]), 3)).toThrow(/not a multiple of 64/);
  });

  it('end within the root', () => {
    expect(() => x.view('long', f32([4, 64]), 64)).toThrow(/ends outside x/);
  });

  it('another shape holds as many elements, and has no border', () => {
    expect(x.reshape([256]).shape).toEqual([256]);
    expect(() => x.reshape([255])).toThrow(/cannot be reshaped/);
    expect(() => state('b', f32([6, 6], bordered(6))).reshape([36])).toThrow(/cannot be reshaped/);
  });
});
