import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Plugin } from 'vite';
import type { WgslModule, WgslParamField } from '../src/gpu/wgsl';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { plant, plantedFault } from './mutant';

interface ReflectedVariable {
  name: string;
  group: number;
  binding: number;
  access: string;
  members?: { name: string; offset: number; type: { name: string } }[];
  type: { size: number; members?: { name: string; offset: number; type: { name: string } }[] };
}

const PARAM_TYPES = ['u32', 'i32', 'f32'];

/** Reflects one kernel file and checks the rules that every kernel file keeps. */
export function reflectWgsl(path: string, code: string): WgslModule {
  const fail = (message: string): never => {
    throw new Error(`${path}: ${message}`);
  };
  let reflect;
  try {
    reflect = new WgslReflect(code);
  } catch (error) {
    return fail((error as Error).message);
  }
  const entries = reflect.entry.compute;
  if (entries.length !== 1 || entries[0].name !== 'main') fail('needs one compute entry, `main`');

  const bindings = (reflect.storage as ReflectedVariable[])
    .map(({ name, group, binding, access }) => {
      if (group !== 0) fail(`storage buffer ${name} must be in group 0`);
      return { name, binding, access: access === 'read_write' ? access : 'read' } as const;
    })
    .sort((a, b) => a.binding - b.binding);
  bindings.forEach((b, i) => b.binding === i || fail(`binding ${b.name} must be ${i}`));
  if (bindings.length > 8) fail('more than 8 storage buffers');

  const uniforms = reflect.uniforms as ReflectedVariable[];
  if (uniforms.length > 1) fail('more than one uniform');
  let params: WgslModule['params'] = null;
  if (uniforms.length === 1) {
    const [uniform] = uniforms;
    if (uniform.group !== 1 || uniform.binding !== 0) fail('params must be group 1, binding 0');
    const members = uniform.members ?? uniform.type.members ?? [];
    const fields = members.map(({ name, offset, type }): WgslParamField => {
      if (!PARAM_TYPES.includes(type.name)) fail(`parameter ${name} must be u32, i32 or f32`);
      return { name, offset, type: type.name as WgslParamField['type'] };
    });
    params = { size: Math.ceil(uniform.type.size / 16) * 16, fields };
  }

  const tunables: WgslModule['tunables'] = {};
  for (const m of code.matchAll(
    /^const (\w+)\s*(?::\s*u32)?\s*=\s*(\d+)u?\s*;.*\/\/ tunable:([\d ]+)/gm,
  )) {
    tunables[m[1]] = { default: Number(m[2]), values: m[3].trim().split(/\s+/).map(Number) };
  }
  const features = [...code.matchAll(/^enable (\w+);/gm)].map((m) =>
    m[1] === 'f16' ? 'shader-f16' : m[1],
  );
  return {
    path,
    code,
    bindings,
    params,
    overrides: (reflect.overrides as { name: string }[]).map((o) => o.name),
    tunables,
    features,
    workgroupSize: entries[0].workgroupSize ?? workgroupSizeOf(code),
  };
}

function workgroupSizeOf(code: string): [number, number, number] {
  const names = /@workgroup_size\(([^)]*)\)/.exec(code)?.[1].split(',') ?? [];
  const value = (name: string) =>
    Number(
      /^\d+/.exec(name)?.[0] ??
        new RegExp(`(?:override|const) ${name}\\s*(?::\\s*u32)?\\s*=\\s*(\\d+)`).exec(code)?.[1] ??
        1,
    );
  const sizes = names.map((name) => value(name.trim()));
  return [sizes[0] ?? 1, sizes[1] ?? 1, sizes[2] ?? 1];
}

/** The code without comments and indentation, for pages that only run it. Lines keep their numbers. */
export function withoutComments(code: string): string {
  return code.replace(/[ \t]*\/\/(?! tunable:).*$/gm, '').replace(/^[ \t]+/gm, '');
}

/**
 * `import shader from './relu.wgsl'` gives a `WgslModule`. Reflection happens here, at build time,
 * so that the parser never ships and a file that breaks the rules fails the build. With
 * `comments` off they are left out, a fifth of what a page loads; `'./relu.wgsl?raw'` is the text as it stands.
 */
export function wgsl({ comments = true } = {}): Plugin {
  let root = process.cwd();
  const fault = plantedFault();
  return {
    name: 'facegrad-wgsl',
    enforce: 'pre',
    configResolved(config) {
      root = config.root;
    },
    load(id) {
      const [file, query] = id.split('?');
      if (!file.endsWith('.wgsl') || query === 'raw') return null;
      this.addWatchFile(file);
      const path = relative(root, file).replaceAll('\\', '/');
      const code = readFileSync(file, 'utf8');
      const module = reflectWgsl(path, fault?.file === path ? plant(fault, code) : code);
      if (!comments) module.code = withoutComments(module.code);
      return `export default ${JSON.stringify(module)};`;
    },
  };
}
