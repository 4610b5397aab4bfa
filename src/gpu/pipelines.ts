import { FacegradError } from './errors';
import { ShaderStage } from './usage';
import { tune, type WgslModule } from './wgsl';

export interface PipelineRequest {
  shader: WgslModule;
  overrides?: Record<string, number>;
  constants?: Record<string, number>;
}

/** A compiled kernel and the layouts its bind groups are made from. */
export interface Pipeline {
  pipeline: GPUComputePipeline;
  /** Group 0: storage buffers. */
  storageLayout: GPUBindGroupLayout;
  /** Group 1: the parameters, or null. */
  paramsLayout: GPUBindGroupLayout | null;
}

/** `shaders/relu/forward.wgsl`, whatever the root that paths are counted from. */
export const fileOf = ({ path }: Pick<WgslModule, 'path'>): string =>
  path.slice(Math.max(0, path.indexOf('shaders/')));

/** Compiles each (file, overrides, constants) once, asynchronously. */
export class PipelineCache {
  /** Files that were compiled from another text. */
  readonly replaced = new Set<string>();
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  readonly #texts = new Map<string, string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly device: GPUDevice,
    /** Compiles one at a time: a software GPU is no faster with many, and draws the page in between. */
    readonly oneByOne = false,
  ) {}

  /** From now on `code` is compiled in place of a file: the same bindings and parameters, another text. */
  replace(file: string, code: string): void {
    this.#texts.set(file, code);
  }

  get(request: PipelineRequest): Promise<Pipeline> {
    const { shader, overrides = {}, constants = {} } = request;
    const key = JSON.stringify([shader.path, overrides, constants]);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      const compile = () => this.#compile(shader, overrides, constants);
      pipeline = this.oneByOne ? this.#turn.then(compile) : compile();
      if (this.oneByOne) this.#turn = pipeline.catch(() => {});
      this.#pipelines.set(key, pipeline);
      pipeline.catch(() => this.#pipelines.delete(key));
    }
    return pipeline;
  }

  async #compile(
    shader: WgslModule,
    overrides: Record<string, number>,
    constants: Record<string, number>,
  ): Promise<Pipeline> {
    const { device } = this;
    const missing = shader.features.filter((feature) => !device.features.has(feature));
    if (missing.length > 0) {
      throw new FacegradError('unsupported', `${shader.path} needs ${missing.join(', ')}`, {
        operation: shader.path,
        wanted: missing,
        available: [...device.features],
      });
    }
    const label = shader.path.replace(/^shaders\//, '').replace(/\.wgsl$/, '');
    const storageLayout = device.createBindGroupLayout({
      label,
      entries: shader.bindings.map(({ binding, access }) => ({
        binding,
        visibility: ShaderStage.COMPUTE,
        buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
      })),
    });
    const paramsLayout = shader.params
      ? device.createBindGroupLayout({
          label: `${label} params`,
          entries: [{ binding: 0, visibility: ShaderStage.COMPUTE, buffer: { type: 'uniform' } }],
        })
      : null;
    const file = fileOf(shader);
    const code = this.#texts.get(file) ?? shader.code;
    if (this.#texts.has(file)) this.replaced.add(file);
    device.pushErrorScope('validation');
    const module = device.createShaderModule({
      label,
      code: tune({ ...shader, code }, constants),
    });
    const moduleError = device.popErrorScope();
    const info = await module.getCompilationInfo();
    const error = info.messages.find((message) => message.type === 'error');
    const scopeError = await moduleError;
    if (error || scopeError) {
      const where = error ? `:${error.lineNum}:${error.linePos}` : '';
      throw new FacegradError(
        'shader',
        `${shader.path}${where}: ${error?.message ?? scopeError?.message}`,
        { operation: shader.path },
      );
    }
    try {
      const pipeline = await device.createComputePipelineAsync({
        label,
        layout: device.createPipelineLayout({
          label,
          bindGroupLayouts: paramsLayout ? [storageLayout, paramsLayout] : [storageLayout],
        }),
        compute: { module, entryPoint: 'main', constants: overrides },
      });
      return { pipeline, storageLayout, paramsLayout };
    } catch (cause) {
      throw new FacegradError('shader', `${shader.path}: ${(cause as Error).message}`, {
        operation: shader.path,
        cause,
      });
    }
  }
}
