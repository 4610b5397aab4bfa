import { describe, expect, it } from 'vitest';
import { describe as sentence, type Order } from '../../learn/machine';
import { BufferUsage } from '../../src/gpu/usage';
import { packParams } from '../../src/gpu/wgsl';
import {
  layoutOf,
  planeStride,
  size,
  storageSize,
  type DType,
  type Kernel,
  type Layout,
  type TensorSpec,
} from '../../src/kernels/kernel';
import { plant } from '../../tools/mutant';
import { MUTANTS, nameOf } from '../mutants/mutants';
import { ADAPTER, testGpu } from './gpu';
import { dispatchOnMachine, lanesOf } from './machine';
import { uniform } from './random';

/** A tensor of a test: dense row-major data, whatever its physical layout. */
export interface TestTensor extends TensorSpec {
  data: ArrayLike<number>;
}

export function tensor(
  shape: readonly number[],
  data: ArrayLike<number> | number,
  options: { dtype?: DType; layout?: Layout; scale?: number } = {},
): TestTensor {
  const dtype = options.dtype ?? 'f32';
  const values = typeof data === 'number' ? uniform(size(shape), data, options.scale) : data;
  return {
    shape,
    dtype,
    layout: options.layout,
    // What float32 cannot hold is rounded here, so that GPU and reference get the same numbers.
    data: dtype === 'f32' ? Float64Array.from(values, Math.fround) : values,
  };
}

/** What a reference gets and gives: dense data with its shape. */
export interface Dense {
  shape: readonly number[];
  data: ArrayLike<number>;
}

export interface KernelCase<I extends string, A> {
  name: string;
  inputs: Record<I, TestTensor>;
  attributes: A;
  /** Workgroups lie in rows, as where there are more than 65,535 of them. */
  folded?: boolean;
}

export interface KernelTest<I extends string, O extends string, A> {
  cases: KernelCase<I, A>[];
  /** The f64 twin. Gives every output and every in-place buffer, by binding name, dense. */
  reference: (inputs: Record<I, Dense>, attributes: A) => Partial<Record<O, ArrayLike<number>>>;
  /**
   * Largest allowed |gpu - reference| <= absolute + relative * |reference|. Say in a comment where the
   * numbers come from. Integers must be equal.
   */
  tolerance: { absolute: number; relative: number };
  /** A tiny case, which the machine runs with the threads in other orders too. */
  race?: KernelCase<I, A>;
  /** Inputs that a forward pass gave: they follow an input with NaN, and get none of their own. */
  derived?: (inputs: Record<I, Dense>, attributes: A) => Partial<Record<I, ArrayLike<number>>>;
  /** Inputs that get no NaN and no infinity, as they are pixels, or only come with others that have one. */
  finite?: readonly I[];
  /** Inputs that get no infinity: it would make ties that nobody can tell apart, or no forward pass gives it. */
  noInfinity?: readonly I[];
  /** Where the reference has a number or an infinity, NaN is right too: sums that cancel, zeros around a picture. */
  spreads?: boolean;
  /** The file reads past the end of its inputs, and does not use what it gets. */
  readsPastTheEnd?: boolean;
}

const GUARD = 64; // elements after the data, inside the binding: a store past the end lands here
const { COPY_DST, COPY_SRC, MAP_READ, STORAGE, UNIFORM } = BufferUsage;
const POISON = 0x7fc0dead; // a NaN: an element that is read or left unwritten shows

/**
 * Runs a kernel over its cases against the reference, with outputs poisoned: on a GPU with guard bands behind
 * every buffer; on the machine, which finds races, accesses past the end and barriers that not all threads
 * come to.
 */
export function testKernel<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
  test: KernelTest<I, O, A>,
): void {
  describe(kernel.name, () => {
    if (ADAPTER === 'machine' && import.meta.env.VITE_PLANT) return testFaults(kernel, test);
    const cases = test.race ? [...test.cases, test.race] : test.cases;
    it.each(cases)('$name', async (testCase) => {
      await runCase(kernel, test, testCase);
    });
    const poisoned = poisonedCases(test);
    if (ADAPTER === 'gpu' && poisoned.length > 0) {
      it('NaN and infinity come out where the reference has them', async () => {
        const failures: string[] = [];
        for (const testCase of poisoned) {
          await runCase(kernel, test, testCase, test.spreads).catch((error: Error) => {
            failures.push(`${testCase.name}: ${error.message}`);
          });
        }
        if (failures.length > 0) throw new Error(failures.join('\n'));
      });
    }
    if (ADAPTER === 'machine' && test.race) {
      it.each(['reversed', 'in turn', 'shuffled'] as const)('threads %s', (order) => {
        runOnMachine(kernel, test, test.race!, order);
      });
    }
  });
}

/** One test for each fault that is planted into the file: it passes where the machine's cases find it. */
function testFaults<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
  test: KernelTest<I, O, A>,
): void {
  const cases = test.race ? [test.race, ...test.cases] : test.cases;
  const mutants = MUTANTS.filter(({ file }) => file === kernel.shader.path);
  it.each(mutants.map((mutant) => [nameOf(mutant), mutant] as const))('%s', (_, mutant) => {
    const shader = { ...kernel.shader, code: plant(mutant, kernel.shader.code) };
    const found = cases.some((testCase) => {
      try {
        runOnMachine({ ...kernel, shader }, test, testCase);
        return false;
      } catch {
        return true;
      }
    });
    expect(found).toBe(true);
  });
}

const SMALL = 6000; // elements of all inputs: enough to reach every branch, and there are many runs

/** Of every kind of case one, with NaN, infinity and -infinity in one place of one float input. */
function poisonedCases<I extends string, O extends string, A>({
  cases,
  derived,
  finite = [],
  noInfinity,
}: KernelTest<I, O, A>): KernelCase<I, A>[] {
  const kinds = new Map<string, KernelCase<I, A>>();
  for (const testCase of cases) {
    const inputs = Object.entries<TestTensor>(testCase.inputs);
    if (inputs.reduce((sum, [, { data }]) => sum + data.length, 0) > SMALL) continue;
    const layouts = inputs.map(([name, { layout }]) => [name, layout]);
    const kind = JSON.stringify([testCase.attributes, layouts], (_, value: unknown) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
    );
    const largest = kinds.get(kind);
    const elements = (of: KernelCase<I, A>) => size(Object.values<TestTensor>(of.inputs)[0].shape);
    if (!largest || elements(testCase) > elements(largest)) kinds.set(kind, testCase);
  }
  return [...kinds.values()].flatMap((testCase) => {
    const { name, inputs, attributes } = testCase;
    const follows = Object.keys(derived?.(inputs, attributes) ?? {});
    return Object.entries<TestTensor>(inputs)
      .filter(
        ([key, { dtype, data }]) =>
          dtype === 'f32' && data.length > 0 && ![...finite, ...follows].includes(key),
      )
      .flatMap(([key, input]) =>
        (noInfinity?.includes(key as I) ? [NaN] : [NaN, Infinity, -Infinity]).map((value) => {
          const data = Float64Array.from(input.data);
          data[Math.floor(data.length * 0.4)] = value;
          const poisoned = { ...inputs, [key]: { ...input, data } };
          for (const [other, values] of Object.entries(derived?.(poisoned, attributes) ?? {})) {
            const rounded = Float64Array.from(values as ArrayLike<number>, Math.fround);
            Object.assign(poisoned, { [other]: { ...inputs[other as I], data: rounded } });
          }
          return { ...testCase, name: `${name}, ${key} with ${value}`, inputs: poisoned };
        }),
      );
  });
}

function expandSpecs<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
  { inputs, attributes }: KernelCase<I, A>,
): Record<string, TensorSpec> {
  return { ...kernel.outputs(inputs, attributes), ...inputs };
}

async function runCase<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
  test: KernelTest<I, O, A>,
  testCase: KernelCase<I, A>,
  spreads = false,
): Promise<void> {
  if (ADAPTER === 'machine') return runOnMachine(kernel, test, testCase);
  const { inputs, attributes } = testCase;
  const specs = expandSpecs(kernel, testCase);
  const workgroups = workgroupsOf(kernel, testCase);
  const actual = await dispatchRaw(kernel, specs, inputs, inputs, attributes, workgroups);
  compareOutputs(kernel, test, testCase, actual, spreads);
}

/** Workgroups in three rows. */
function workgroupsOf<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
  { inputs, attributes, folded }: KernelCase<I, A>,
): [number, number, number] {
  const groups = kernel.workgroups(inputs, attributes);
  return folded ? [Math.ceil(groups[0] / 3), 3, 1] : groups;
}

/** Runs a case on the machine, which must find nothing, at every subgroup size of the file. */
function runOnMachine<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
  test: KernelTest<I, O, A>,
  testCase: KernelCase<I, A>,
  order?: Order,
): void {
  const { inputs, attributes } = testCase;
  const given = inputs as Record<string, TestTensor>;
  const specs = expandSpecs(kernel, testCase);
  for (const subgroupSize of lanesOf(kernel.shader, kernel.constants?.(inputs, attributes))) {
    const buffers: Record<string, Uint32Array<ArrayBuffer>> = {};
    for (const { name } of kernel.shader.bindings) {
      buffers[name] = filled(specs[name], given[name], 0);
    }
    const workgroups = () => workgroupsOf(kernel, testCase);
    const findings = dispatchOnMachine({ ...kernel, workgroups }, buffers, inputs, attributes, {
      subgroupSize,
      order,
    }).filter(({ kind, wrote }) => !(test.readsPastTheEnd && kind === 'bounds' && !wrote));
    expect(findings.map((finding) => sentence(finding))).toEqual([]);
    compareOutputs(kernel, test, testCase, buffers);
  }
}

function compareOutputs<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
  { reference, tolerance }: KernelTest<I, O, A>,
  testCase: KernelCase<I, A>,
  actual: Record<string, Uint32Array>,
  spreads = false,
): void {
  const { inputs, attributes } = testCase;
  const specs = expandSpecs(kernel, testCase);
  const expected = reference(inputs, attributes) as Record<string, ArrayLike<number>>;
  for (const { name, access } of kernel.shader.bindings) {
    if (access === 'read') continue;
    if (!expected[name]) throw new Error(`the reference of ${kernel.name} gives no ${name}`);
    compare(name, specs[name], actual[name], expected[name], tolerance, spreads);
  }
}

/** The words of a buffer: the tensor that is given, if any, and poison everywhere else. */
function filled(
  spec: TensorSpec,
  given: TestTensor | undefined,
  guard: number,
): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(storageSize(spec) + guard).fill(POISON);
  if (given) bits.set(physical(given));
  return bits;
}

/** Runs the kernel on guarded buffers and returns every `read_write` buffer, physical layout. */
async function dispatchRaw<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
  specs: Record<string, TensorSpec>,
  given: Record<string, TestTensor>,
  inputs: Record<I, TensorSpec>,
  attributes: A,
  workgroups: [number, number, number],
): Promise<Record<string, Uint32Array>> {
  const gpu = await testGpu();
  const { device } = gpu;
  return gpu.checked(kernel.name, async () => {
    const { pipeline, storageLayout, paramsLayout } = await gpu.pipelines.get({
      shader: kernel.shader,
      overrides: kernel.overrides?.(inputs, attributes),
      constants: kernel.constants?.(inputs, attributes),
    });
    const made: GPUBuffer[] = [];
    const buffer = (bytes: number, usage: number) => {
      const b = device.createBuffer({ size: Math.max(16, bytes), usage });
      made.push(b);
      return b;
    };
    const buffers = kernel.shader.bindings.map(({ name }) => {
      const bits = filled(specs[name], given[name], GUARD);
      const b = buffer(bits.byteLength, STORAGE | COPY_SRC | COPY_DST);
      gpu.write(b, 0, bits);
      return b;
    });
    const groups = [
      device.createBindGroup({
        layout: storageLayout,
        entries: buffers.map((b, binding) => ({ binding, resource: { buffer: b } })),
      }),
    ];
    if (paramsLayout) {
      const bytes = new ArrayBuffer(kernel.shader.params!.size);
      packParams(kernel.shader, kernel.params?.(inputs, attributes) ?? {}, new DataView(bytes), 0);
      const params = buffer(bytes.byteLength, UNIFORM | COPY_DST);
      device.queue.writeBuffer(params, 0, bytes);
      groups.push(
        device.createBindGroup({
          layout: paramsLayout,
          entries: [{ binding: 0, resource: { buffer: params } }],
        }),
      );
    }
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    groups.forEach((group, i) => pass.setBindGroup(i, group));
    pass.dispatchWorkgroups(...workgroups);
    pass.end();
    const results = kernel.shader.bindings.map(({ name, access }, i) => {
      const staging = buffer(buffers[i].size, MAP_READ | COPY_DST);
      encoder.copyBufferToBuffer(buffers[i], 0, staging, 0, buffers[i].size);
      return { name, access, staging };
    });
    device.queue.submit([encoder.finish()]);
    const out: Record<string, Uint32Array> = {};
    for (const { name, access, staging } of results) {
      await gpu.map(staging);
      const bits = new Uint32Array(staging.getMappedRange().slice(0));
      const length = storageSize(specs[name]);
      const guard = bits.subarray(length, length + GUARD);
      expect(
        guard.every((word) => word === POISON),
        `${name}: guard band overwritten`,
      ).toBe(true);
      if (access === 'read_write') out[name] = bits.subarray(0, length);
    }
    for (const b of made) b.destroy();
    return out;
  });
}

/** Dense data laid out as the spec says, as bits; everything around it is zero. */
export function physical(t: TestTensor): Uint32Array {
  const bits = new Uint32Array(storageSize(t));
  const typed =
    t.dtype === 'f32'
      ? new Float32Array(bits.buffer)
      : t.dtype === 'i32'
        ? new Int32Array(bits.buffer)
        : bits;
  if (!t.layout) {
    for (let i = 0; i < t.data.length; i++) typed[i] = t.data[i];
    return bits;
  }
  forEachElement(t, (dense, at) => {
    typed[at] = t.data[dense];
  });
  return bits;
}

function forEachElement(spec: TensorSpec, visit: (dense: number, at: number) => void): void {
  const [height, width] = spec.shape.slice(-2);
  const { border, rowStride } = layoutOf(spec);
  const stride = planeStride(spec.shape, spec.layout);
  const planes = size(spec.shape.slice(0, -2));
  let dense = 0;
  for (let p = 0; p < planes; p++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        visit(dense++, p * stride + (y + border) * rowStride + x + border);
      }
    }
  }
}

function compare(
  name: string,
  spec: TensorSpec,
  bits: Uint32Array,
  expected: ArrayLike<number>,
  tolerance: { absolute: number; relative: number },
  spreads: boolean,
): void {
  const actual =
    spec.dtype === 'f32'
      ? new Float32Array(bits.buffer, bits.byteOffset, bits.length)
      : spec.dtype === 'i32'
        ? new Int32Array(bits.buffer, bits.byteOffset, bits.length)
        : bits;
  expect(expected.length, `${name}: length of the reference`).toBe(size(spec.shape));
  const inside = spec.layout ? new Uint8Array(actual.length) : null;
  let worst = 0;
  let message = '';
  const check = (dense: number, at: number) => {
    if (inside) inside[at] = 1;
    const error = Math.abs(actual[at] - expected[dense]);
    const allowed =
      spec.dtype === 'f32'
        ? tolerance.absolute + tolerance.relative * Math.abs(expected[dense])
        : 0;
    const same =
      Object.is(actual[at], expected[dense]) ||
      actual[at] === expected[dense] ||
      (spreads && Number.isNaN(actual[at]));
    const excess = same ? 0 : error / (allowed || Number.MIN_VALUE);
    if (!(excess <= 1) && !(excess <= worst)) {
      worst = excess;
      message = `${name}[${dense}] = ${actual[at]}, reference ${expected[dense]}, allowed ±${allowed}`;
    }
  };
  if (spec.layout) forEachElement(spec, check);
  else for (let i = 0; i < actual.length; i++) check(i, i);
  if (message) throw new Error(message);
  if (inside) {
    const dirty = actual.findIndex((value, at) => !inside[at] && value !== 0);
    if (dirty >= 0) throw new Error(`${name}: border element ${dirty} is ${actual[dirty]}, not 0`);
  }
}
