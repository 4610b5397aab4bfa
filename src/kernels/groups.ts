/** What the dispatches of a step are for, by the first pattern that their kernel's name fits, in the order of a step. */
const GROUPS: [group: string, kernels: RegExp][] = [
  ['augmentation', /^augment\./],
  [
    'preprocessing',
    /^(canny|clahe|distance_transform|edge_enhancement|grey|histogram_equalization|resize|standardize)\./,
  ],
  ['convolution by Winograd', /^winograd\./],
  ['convolution forward', /^conv(5x5|2d)\.forward/],
  ['convolution dx', /^conv(5x5|2d)\.(backward_input|flip)/],
  ['convolution dw', /^conv(5x5|2d)\./],
  ['batch norm, ReLU, pool', /^(bn_relu_pool|batch_norm|relu|(max|avg)_pool(2d)?)\./],
  ['dense', /^dense\./],
  ['LSTM', /^lstm\./],
  ['loss and metrics', /^(focal_loss|cross_entropy|log_softmax|softmax|metrics)\./],
  ['optimizer', /^optimizer\./],
];

export function kernelGroup(kernel: string): string {
  return GROUPS.find(([, kernels]) => kernels.test(kernel))?.[0] ?? 'the rest';
}
