import { describe, expect, it } from 'vitest';
import { check } from '../../learn/check';
import { starter, type Exercise } from '../../learn/exercise';
import { lesson, LESSONS } from '../../learn/lessons';

const all = await Promise.all(
  LESSONS.map(async (name) => [name, (await lesson(name)).exercises] as const),
);

/** The file with another `main`: what a reader may try who has understood nothing. */
function trivial({ shader, shown }: Exercise, value: string): string {
  const [head] = shader.code.split('@compute');
  const outputs = Object.keys(shown.expected);
  const writes = outputs.map((name) => `if (i < arrayLength(&${name})) { ${name}[i] = ${value}; }`);
  return `${head}@compute @workgroup_size(${shader.workgroupSize.join()})
    fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_index) l: u32) {
      let i = g.x * ${shader.workgroupSize.reduce((a, b) => a * b)}u + l; ${writes.join(' ')} }`;
}

describe.each(all)('%s', (_, exercises) => {
  it.each(exercises.map((exercise) => [exercise.id, exercise] as const))(
    '%s: starter, solution and answers that are no answers',
    (_, exercise) => {
      const kinds = (code: string) => [
        ...new Set(check(exercise, code).problems.map(({ kind }) => kind)),
      ];
      expect(kinds(starter(exercise)).sort(), 'starter').toEqual([...exercise.fails].sort());
      expect(check(exercise, exercise.shader.code).problems, 'solution').toEqual([]);
      for (const fault of exercise.faults) {
        const alone = starter({ ...exercise, faults: [fault] });
        expect(check(exercise, alone).problems, `with ${fault[0]} alone`).not.toEqual([]);
      }
      const outputs = Object.values(exercise.shown.expected).length;
      const input = exercise.shader.bindings.find(({ access }) => access === 'read')?.name;
      for (const value of ['0', '1', input && `${input}[i]`]) {
        if (value)
          expect(check(exercise, trivial(exercise, value)).problems, value).not.toEqual([]);
      }
      const local = exercise.shader.code.replace(
        /@builtin\((global_invocation_id|workgroup_id)\)/,
        '@builtin(local_invocation_id)',
      );
      if (local !== exercise.shader.code) {
        expect(check(exercise, local).problems, 'local for global').not.toEqual([]);
      }
      expect(outputs).toBeGreaterThan(0);
    },
  );
});

/** Lines of the solution that the starter does not have, without comments. */
function wanted(exercise: Exercise): number {
  const lines = (code: string) => code.split('\n').map((line) => line.trim());
  const there = lines(starter(exercise));
  return lines(exercise.shader.code).filter((line) => {
    const at = there.indexOf(line);
    if (at >= 0) there.splice(at, 1);
    return at < 0 && line !== '' && !line.startsWith('//');
  }).length;
}

it('enough of them want to be written, not only mended', () => {
  const exercises = all.flatMap(([, list]) => list);
  expect(exercises.length).toBeGreaterThanOrEqual(92); // 68 on the kernels' pages, 24 in lessons
  expect(exercises.filter((one) => wanted(one) >= 5).length).toBeGreaterThanOrEqual(20);
});
