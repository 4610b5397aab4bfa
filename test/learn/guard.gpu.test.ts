/// <reference types="vite/client" />
import { expect, it } from 'vitest';
import { guard } from '../../learn/guard';
import type { WgslModule } from '../../src/gpu/wgsl';
import { testGpu } from '../support/gpu';

const files = import.meta.glob<WgslModule>(['../../shaders/**/*.wgsl', '../../learn/**/*.wgsl'], {
  import: 'default',
  eager: true,
});

it('every file compiles with a countdown in its loops, line for line', async () => {
  const { device } = await testGpu();
  let guarded = 0;
  for (const [name, { code }] of Object.entries(files)) {
    const text = guard(code);
    expect(text.split('\n').length, name).toBe(code.split('\n').length);
    guarded += text.split('turns_left -= 1u').length - 1;
    if (/^enable (\w+)/m.exec(code)?.[1] === 'f16' && !device.features.has('shader-f16')) continue;
    if (/^enable subgroups/m.test(code) && !device.features.has('subgroups')) continue;
    device.pushErrorScope('validation');
    device.createShaderModule({ label: name, code: text });
    expect((await device.popErrorScope())?.message, name).toBeUndefined();
  }
  expect(guarded).toBeGreaterThan(150);
});

it('an endless loop ends', () => {
  const text = guard('fn main() { loop { while (true) { x += 1; } workgroupBarrier(); } }');
  expect(text.match(/break/g)).toHaveLength(1);
});
