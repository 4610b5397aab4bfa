import { FacegradError } from './errors';

/** A storage buffer of group 0. Inputs are `read`, outputs and in-place buffers `read_write`. */
export interface WgslBinding {
  name: string;
  binding: number;
  access: 'read' | 'read_write';
}

export interface WgslParamField {
  name: string;
  offset: number;
  type: 'u32' | 'i32' | 'f32';
}

/** What `import shader from '….wgsl'` gives: the source and its reflection, made at build time. */
export interface WgslModule {
  /** Path from the project root, for error messages and lessons. */
  path: string;
  code: string;
  bindings: WgslBinding[];
  /** The uniform struct of group 1, or null. */
  params: { size: number; fields: WgslParamField[] } | null;
  overrides: string[];
  /** Constants marked `// tunable: 4 8`: the listed values, the default first found in the file. */
  tunables: Record<string, { default: number; values: number[] }>;
  /** Device features that the file's `enable` directives need. */
  features: string[];
  /** Workgroup size with the default overrides. */
  workgroupSize: [number, number, number];
}

/** The file with listed values put into its `// tunable:` lines. */
export function tune(shader: WgslModule, constants: Record<string, number>): string {
  let code = shader.code;
  for (const [name, value] of Object.entries(constants)) {
    const tunable = shader.tunables[name];
    if (!tunable || !tunable.values.includes(value)) {
      throw new FacegradError(
        'bad-input',
        `${shader.path}: ${name} = ${value} is not one of its listed values`,
        {
          operation: shader.path,
          wanted: value,
          available: tunable?.values,
        },
      );
    }
    code = code.replace(
      new RegExp(`^(const ${name}\\s*(?::\\s*u32)?\\s*=\\s*)\\d+(u?)(\\s*;.*// tunable:)`, 'm'),
      `$1${value}$2$3`,
    );
  }
  return code;
}

/** Packs named numbers by the reflected layout of the uniform struct. Every field must be given. */
export function packParams(
  shader: WgslModule,
  values: Record<string, number>,
  target: DataView,
  offset: number,
): void {
  const fields = shader.params?.fields ?? [];
  for (const field of fields) {
    const value = values[field.name];
    if (value === undefined || Number.isNaN(value)) {
      throw new FacegradError('internal', `${shader.path}: parameter ${field.name} is ${value}`);
    }
    const at = offset + field.offset;
    if (field.type === 'f32') target.setFloat32(at, value, true);
    else if (field.type === 'i32') target.setInt32(at, value, true);
    else target.setUint32(at, value, true);
  }
  for (const name of Object.keys(values)) {
    if (!fields.some((field) => field.name === name)) {
      throw new FacegradError('internal', `${shader.path}: no parameter named ${name}`);
    }
  }
}
