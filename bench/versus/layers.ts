import { size } from '../../src/kernels/kernel';
import type { NetworkConfig } from '../../src/nn/network';
import type { ModelConfig } from '../../src/nn/systems/cnn_lstm';
import { filledTensor, uniformTensor, type Tensor } from './tensor';

/** A layer as PyTorch has it; `weight` is the shape of its weights. */
type Operation =
  /** Square windows, as many zeros around the map as keep its size at stride 1; no bias. */
  | { op: 'conv'; weight: [number, number, number, number]; stride: number; groups: number }
  | { op: 'batchNorm'; channels: number }
  | { op: 'relu' }
  /** Windows of 2x2; an odd last row or column is left out. */
  | { op: 'maxPool' }
  /** Mean of every plane, [N,C,1,1]. */
  | { op: 'averagePool' }
  | { op: 'flatten' }
  /** At rate 0, as libraries draw different numbers. */
  | { op: 'dropout' }
  | { op: 'linear'; weight: [number, number] }
  /** One step from a state of zeros. */
  | { op: 'lstm'; weight: [number, number] }
  /** relu(body(x) + shortcut(x)); an empty shortcut is x itself. */
  | { op: 'residual'; body: Layer[]; shortcut: Layer[] }
  /** Each reads a picture of its own; their features come side by side. */
  | { op: 'streams'; streams: Layer[][] };

/** With the name that its tensors begin with in a weights file. */
export type Layer = Operation & { name: string };

/** The layers of a network of ours, for libraries that build it themselves: src/nn/systems in data. */
export function layersOf(config: NetworkConfig): Layer[] {
  const describe = DESCRIPTIONS[config.name];
  if (!describe) throw new Error(`no description of the network ${config.name}`);
  return describe(config as never);
}

const DESCRIPTIONS: Record<string, (config: never) => Layer[]> = {
  'cnn-lstm'({ size: side, widths, streams, dense, hidden, classes }: ModelConfig) {
    const flat = widths.at(-1)! * Math.floor(side / 2 ** widths.length) ** 2;
    const stream = (name: string): Layer[] => [
      ...widths.flatMap((width, i) => {
        const block = `streams.${name}.block${i + 1}`;
        return [
          { ...conv(widths[i - 1] ?? 1, width, 5), name: `${block}.conv` },
          { ...norm(width), name: `${block}.bn` },
          { op: 'relu' as const, name: '' },
          { op: 'maxPool' as const, name: '' },
        ];
      }),
      { op: 'flatten', name: '' },
      { op: 'linear', weight: [dense, flat], name: `streams.${name}.fc` },
      { op: 'relu', name: '' },
    ];
    return [
      { op: 'streams', streams: streams.map(stream), name: '' },
      { op: 'lstm', weight: [4 * hidden, dense * streams.length], name: 'lstm' },
      { op: 'linear', weight: [classes.length, hidden], name: 'classifier' },
    ];
  },

  vgg: ({ widths, classes }: Widths) =>
    numbered([
      ...widths.flatMap((width, i) => [
        ...block(widths[i - 1] ?? 1, width, 3),
        ...block(width, width, 3),
        { op: 'maxPool' as const },
      ]),
      { op: 'averagePool' },
      { op: 'flatten' },
      { op: 'dropout' },
      { op: 'linear', weight: [classes.length, widths.at(-1)!] },
    ]),

  resnet({ widths, classes }: Widths) {
    const residual = (from: number, to: number, stride: number): Operation => ({
      op: 'residual',
      body: numbered([...block(from, to, 3, stride), conv(to, to, 3), norm(to)]),
      shortcut: from === to ? [] : numbered([conv(from, to, 1, stride), norm(to)]),
    });
    return numbered([
      ...block(1, widths[0], 3),
      ...widths.flatMap((width, i) => [
        residual(widths[i - 1] ?? width, width, i === 0 ? 1 : 2),
        residual(width, width, 1),
      ]),
      { op: 'averagePool' },
      { op: 'flatten' },
      { op: 'linear', weight: [classes.length, widths.at(-1)!] },
    ]);
  },

  mobilenet({ width, classes }: NetworkConfig & { width: number }) {
    const channels = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
    const widths = channels.map((full) => full * width);
    const features = widths.slice(1).flatMap((to, i) => {
      const from = widths[i];
      const stride = [1, 3, 5].includes(i) ? 2 : 1;
      return [...block(from, from, 3, stride, from), ...block(from, to, 1)];
    });
    return [
      ...numbered(
        [...block(1, widths[0], 3, 2), ...features, { op: 'averagePool' }, { op: 'flatten' }],
        'features.',
      ),
      { op: 'linear', weight: [classes.length, widths.at(-1)!], name: 'classifier' },
    ];
  },
};

type Widths = NetworkConfig & { widths: number[] };

const conv = (from: number, to: number, window: number, stride = 1, groups = 1) => ({
  op: 'conv' as const,
  weight: [to, from / groups, window, window] as [number, number, number, number],
  stride,
  groups,
});

const norm = (channels: number) => ({ op: 'batchNorm' as const, channels });

const block = (...[from, to, ...rest]: Parameters<typeof conv>): Operation[] => [
  conv(from, to, ...rest),
  norm(to),
  { op: 'relu' },
];

/** The names that layers have in `Sequential`, and those of a residual block in its two. */
function numbered(layers: Operation[], prefix = ''): Layer[] {
  const inside = (layers: Layer[], where: string) =>
    layers.map((layer) => ({ ...layer, name: where + layer.name }));
  return layers.map((layer, i) => {
    const name = `${prefix}${i}`;
    if (layer.op !== 'residual') return { ...layer, name };
    const { body, shortcut } = layer;
    return {
      ...layer,
      name,
      body: inside(body, `${name}.body.`),
      shortcut: inside(shortcut, `${name}.shortcut.`),
    };
  });
}

/** Every layer that has no layers inside, with the side of the maps that it gives. */
function* eachLayer(layers: Layer[], side: number): Generator<[Layer, side: number], number> {
  for (const layer of layers) {
    if (layer.op === 'streams') {
      for (const stream of layer.streams) yield* eachLayer(stream, side);
    } else if (layer.op === 'residual') {
      const given = side;
      side = yield* eachLayer(layer.body, given);
      yield* eachLayer(layer.shortcut, given);
    } else {
      if (layer.op === 'conv') side = Math.ceil(side / layer.stride);
      if (layer.op === 'maxPool') side = Math.floor(side / 2);
      yield [layer, side];
    }
  }
  return side;
}

/** FLOP of the convolutions and dense layers for a picture: all of them forward, and those that read pictures. */
export function flopsOf(layers: Layer[], side: number): { forward: number; first: number } {
  const total = { forward: 0, first: 0 };
  for (const [layer, map] of eachLayer(layers, side)) {
    if (!('weight' in layer)) continue;
    const flops = 2 * size(layer.weight) * (layer.op === 'conv' ? map * map : 1);
    total.forward += flops;
    if (layer.op === 'conv' && layer.groups === 1 && layer.weight[1] === 1) total.first += flops;
  }
  return total;
}

/** Parameters and statistics drawn from seeds, by their names in a weights file. */
export function tensorsOf(layers: Layer[]): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  let seed = 1;
  const uniform = (name: string, shape: readonly number[], fan: number) => {
    tensors[name] = uniformTensor(seed++, shape, 1 / Math.sqrt(fan));
  };
  for (const [layer] of eachLayer(layers, 0)) {
    const { name } = layer;
    if (layer.op === 'conv') {
      uniform(`${name}.weight`, layer.weight, size(layer.weight.slice(1)));
    } else if (layer.op === 'batchNorm') {
      const shape = [layer.channels];
      tensors[`${name}.weight`] = filledTensor(shape, 1);
      tensors[`${name}.bias`] = filledTensor(shape, 0);
      uniform(`${name}.running_mean`, shape, 100);
      tensors[`${name}.running_var`] = filledTensor(shape, 0.4);
    } else if (layer.op === 'linear') {
      const [out, features] = layer.weight;
      uniform(`${name}.weight`, layer.weight, features);
      uniform(`${name}.bias`, [out], features);
    } else if (layer.op === 'lstm') {
      const [gates, features] = layer.weight;
      const hidden = gates / 4;
      uniform(`${name}.weight_ih_l0`, [gates, features], hidden);
      uniform(`${name}.weight_hh_l0`, [gates, hidden], hidden);
      uniform(`${name}.bias_ih_l0`, [gates], hidden);
      uniform(`${name}.bias_hh_l0`, [gates], hidden);
    }
  }
  return tensors;
}
