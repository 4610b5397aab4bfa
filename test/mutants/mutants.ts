/**
 * One-line faults, as they are made in writing such kernels. `npm run test:mutants` plants each of them and
 * expects the tests of the kernel to fail.
 */
import type { Fault } from '../../tools/mutant';

export type FaultKind = 'index' | 'boundary' | 'operand' | 'barrier';

export interface Mutant extends Fault {
  kind: FaultKind;
  /** The kernel's own tests. */
  test: string;
}

/** `kernel` is the file without `shaders/` and `.wgsl`; its tests go by the folder's name. */
function mutant(kind: FaultKind, kernel: string, find: string, put: string): Mutant {
  const test = `test/kernels/${kernel.split('/')[0]}.gpu.test.ts`;
  return { kind, file: `shaders/${kernel}.wgsl`, find, put, test };
}

/** The barrier after the given line is left out; `indent` is the barrier's. */
function barrier(kernel: string, after: string, indent = 2): Mutant {
  const find = `${after}\n${' '.repeat(indent)}workgroupBarrier();`;
  return mutant('barrier', kernel, find, after);
}

const kind =
  (name: FaultKind) =>
  (kernel: string, find: string, put: string): Mutant =>
    mutant(name, kernel, find, put);
const index = kind('index');
const boundary = kind('boundary');
const operand = kind('operand');

/** Kind, file and the first line of the place. */
export function nameOf({ file, find, kind }: Mutant): string {
  const line = find.trim().split('\n')[0];
  return `${kind.padEnd(8)} ${file.replace(/^shaders\/|\.wgsl$/g, '')}: ${line}`;
}

export const MUTANTS: Mutant[] = [
  index('augment/forward', 'frame % params.batch;', 'frame / (params.frames / params.batch);'),
  index('batch_norm/statistics', 'g * params.batch * sample + c', 'g * sample + c'),
  index(
    'conv5x5/backward_weight_map6_subgroup',
    '+ ky * params.x_row',
    '+ (4u - ky) * params.x_row',
  ),
  index('canny/gradient', 'let x4 = u32(min(c + 1, right));', 'let x4 = u32(min(c + 2, right));'),
  index(
    'dense/forward',
    'y[(n * params.groups + g) * params.out_features + m + j]',
    'y[(g * params.groups + n) * params.out_features + m + j]',
  ),
  index('conv5x5/forward', 'let right1 = x[at + 1u];', 'let right1 = x[at];'),
  index('conv5x5/backward_weight', '(i + ky) * params.x_row', '(i + ky + 1u) * params.x_row'),
  index('conv5x5/flip_weights', '+ 24u - tap)', '+ tap)'),
  index('conv5x5/reduce_weight', '* params.parts * params.size', '* params.size'),
  index('dense/forward', 'min(m + 3u, last_column)', 'min(m + 2u, last_column)'),
  index('dense/backward', 'g * params.rows * params.in_features;', 'g * params.in_features;'),
  index('dense/backward', 'sum += dy[(g * params.rows + n)', 'sum += dy[(g + n)'),
  index('lstm/forward', 'weight_hh[(2u * hidden + j)', 'weight_hh[(hidden + j)'),
  index('metrics/accumulate', 'logits[n * params.classes + j] >', 'logits[n + j] >'),
  index('resize/crop', 'boxes[4 * n + 2]', 'boxes[4 * n + 1]'),

  boundary('bn_relu_pool/forward', 'inner_row < height &&', 'inner_row <= height &&'),
  boundary(
    'bn_relu_pool/backward',
    'top_row + 1u < params.height &&',
    'top_row < params.height &&',
  ),
  boundary('dense/backward_activation', 'if (i >= params.groups', 'if (i > params.groups'),
  boundary('conv5x5/forward', 'column + 3u < params.width', 'column + 3u <= params.width'),
  boundary('conv5x5/forward_map6_subgroup', 'params.height + 2u - row', 'params.height + 1u - row'),
  boundary(
    'dense/backward',
    'dx[(g * params.rows + n) * params.in_features + k + j]',
    'dx[(g * params.rows + n) * params.in_features + k]',
  ),
  index('winograd/weight_f43', '8u * params.out_channels', '6u * params.out_channels'),
  index(
    'winograd/product_narrow_subgroup',
    'invocation & 3u)) * params',
    'invocation & 1u)) * params',
  ),
  index('winograd/input_f45', 'row * params.x_row + column / 4u', 'row * params.x_row'),
  boundary('winograd/gradient_f43', 'at3 + 2u, row + 3u < end', 'at3 + 2u, row + 3u <= end'),
  boundary('winograd/input_f43', 'let more = column + 1u < params', 'let more = column < params'),
  boundary('distance_transform/columns', 'y > 0u; y--', 'y > 1u; y--'),
  boundary('distance_transform/euclidean', 'if (d <= x)', 'if (d < x)'),
  boundary('edge_enhancement/forward', 'if (column >= width)', 'if (column > width)'),
  boundary('focal_loss/forward', 'if (label >= params.classes)', 'if (label > params.classes)'),
  boundary('histogram_equalization/forward', 'sums[i], i < t)', 'sums[i], i <= t)'),
  boundary('conv5x5/backward_weight_subgroup', 'o + 4u + k < params', 'o + 4u + k <= params'),
  boundary('optimizer/adam', 'i < params.decay_length', 'i <= params.decay_length'),
  boundary('optimizer/sum_of_squares', 'min(begin + CHUNK, params.length)', 'begin + CHUNK'),
  boundary('relu/backward', 'y[i] > 0.0', 'y[i] >= 0.0'),

  operand('add/forward', 'a[i] + b[i]', 'a[i] + a[i]'),
  operand('batch_norm/statistics', 'max(m - 1.0, 1.0)', 'max(m, 1.0)'),
  operand('conv5x5/backward_weight_map3_subgroup', 'tap12 += x1.y *', 'tap12 += x1.x *'),
  operand('conv5x5/forward_subgroup', 'd1 += through(left1,', 'd1 += through(left0,'),
  operand('distance_transform/chamfer', 'params.diagonal * (2u', 'params.knight * (2u'),
  operand('dropout/forward', 'x[i] * params.scale', 'x[i]'),
  operand('dropout/backward', 'dy[i] * params.scale, kept', 'dy[i] * params.scale, !kept'),
  operand('focal_loss/forward', 'even * (p_j - share)', 'even * p_j'),
  operand('grey/forward', '587u * green + 114u * blue', '587u * green + 114u * red'),
  operand('lstm/backward', 'dc * i * (1.0 - g * g)', 'dc * i * (1.0 - g)'),
  operand(
    'optimizer/adam',
    '(sqrt(square / square_share) + params.epsilon)',
    'sqrt(square / square_share + params.epsilon)',
  ),
  operand(
    'optimizer/clip_grad_norm',
    'min(1.0, params.max_norm / (norm[0] + 1e-6))',
    'params.max_norm / (norm[0] + 1e-6)',
  ),
  operand('optimizer/sgd', 'velocity[i] = next;', 'velocity[i] = g;'),
  operand('relu/forward', 'max(0.0, value)', 'abs(value)'),
  operand('resize/forward', '(1024 - wy) + lower * wy', '(1024 - wy) + lower * wx'),

  operand('winograd/output_f43', 'odd1 + 8.0 * odd2 + m[5]', 'odd1 + 4.0 * odd2 + m[5]'),
  operand('winograd/weight_gradient_f35', '16.0 * even2', '4.0 * even2'),
  operand('winograd/product_subgroup', 'high11 += l11 * high', 'high11 += l11 * low'),

  barrier(
    'batch_norm/statistics',
    '  deviations[thread] = max(0.0, square - sum * sum / max(count, 1.0));',
  ),
  barrier('batch_norm/statistics', '      counts[thread] = a + b;\n    }', 4),
  barrier('bn_relu_pool/backward', '  sums_gamma[thread] = sum_gamma;'),
  barrier('canny/edges', '      atomicOr(&marked[y * words + left / 32u], seed);\n    }\n  }'),
  barrier('edge_enhancement/forward', '      nearest[4 * i + k] = aside[k];\n    }\n  }'),
  barrier('focal_loss/forward', '  counts[local.x] = count;'),
  barrier('histogram_equalization/forward', '  atomicMax(&peak, most);'),
  barrier('histogram_equalization/forward', '  sums[t] = own;'),
  barrier('lstm/forward', '        state[s * hidden + j] = value;\n      }\n    }\n  }'),
  barrier(
    'lstm/backward',
    '          shared_dgates[s * hidden + j] = dgate;\n        }\n      }\n    }',
    4,
  ),
  barrier('metrics/accumulate', '  bad[local.x] = not_finite;'),
  barrier('optimizer/clip_grad_norm', '    bad = max(bad, sums[i]);\n  }'),
  barrier('optimizer/sum_of_squares', '  bads[local.x] = bad;'),
  barrier('standardize/forward', '  sums[lane] = squares;'),
  barrier('standardize/forward', '  let mean = sums[0] / f32(length);'),
];
