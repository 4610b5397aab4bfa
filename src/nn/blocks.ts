/** Parts that several systems have in common. */
import { concat } from '../tape/operations/copy';
import { clip } from '../tape/operations/elementwise';
import type { Value } from '../tape/value';
import { BatchNorm2d, Conv2d, ReLU, type Conv2dOptions } from './layers';
import { Module, Sequential, type Output, type Pass } from './module';

/** Numbers from 0 to 6. */
export class ReLU6 extends Module {
  forward({ tape }: Pass, x: Value): Value {
    return tape.apply(clip, { x }, { min: 0, max: 6 }).y;
  }
}

/** Convolution without bias that keeps the size (at stride 1), batch norm, and an activation. */
export function conv(
  inChannels: number,
  outChannels: number,
  kernel: number,
  options: Pick<Conv2dOptions, 'stride' | 'groups'> = {},
  activation: Module = new ReLU(),
): Module[] {
  const padding = Math.floor(kernel / 2);
  return [
    new Conv2d(inChannels, outChannels, kernel, { padding, bias: false, ...options }),
    new BatchNorm2d(outChannels),
    activation,
  ];
}

/** Every plane by itself, then the planes together: a convolution in two cheap steps. */
export const separable = (inChannels: number, outChannels: number, stride = 1): Module[] => [
  ...conv(inChannels, inChannels, 3, { stride, groups: inChannels }),
  ...conv(inChannels, outChannels, 1),
];

/** body(x) + shortcut(x), and an activation; the shortcut is x itself where it is left out. */
export class Residual extends Module {
  readonly body: Sequential;
  readonly shortcut?: Sequential;
  readonly #activation?: Module;

  constructor(body: Module[], shortcut?: Module[], activation?: Module) {
    super();
    this.body = new Sequential(...body);
    if (shortcut) this.shortcut = new Sequential(...shortcut);
    this.#activation = activation;
  }

  forward(pass: Pass, x: Value): Value {
    const y = pass.add(this.shortcut?.forward(pass, x) ?? x, this.body.forward(pass, x));
    return this.#activation?.forward(pass, y) ?? y;
  }
}

/** Branches side by side, their channels one after another. */
export class Branches extends Module {
  readonly branches: Sequential[];

  constructor(...branches: Module[][]) {
    super();
    this.branches = branches.map((layers) => new Sequential(...layers));
  }

  forward(pass: Pass, x: Value): Value {
    const inputs = this.branches.map((branch) => branch.forward(pass, x).settle());
    return pass.tape.apply(concat, Object.fromEntries(inputs.map((y, i) => [i, y])), { axis: 1 }).y;
  }
}

/** Features [N, features], and the class scores told from them. */
export class Classified extends Module<Output> {
  constructor(
    readonly features: Module,
    readonly classifier: Module,
  ) {
    super();
  }

  forward(pass: Pass, x: Value): Output {
    const embedding = this.features.forward(pass, x);
    return { logits: this.classifier.forward(pass, embedding), embedding };
  }
}
