import { createNetwork } from '../src/nn/systems';
import { exportOnnx } from '../src/onnx/export';
import { readWeights } from '../src/train/weights_file';
import { openModel } from '../tools/own_model';
import { command, parse } from './command';
import { writeWhole } from './files';
import { configOption, modelOption, openWeights } from './model';

interface Options {
  weights: string;
  model?: string;
  config?: string;
  out: string;
  json: boolean;
}

/** `npm run export`: a weights file as ONNX, for other programs to run. No GPU is used. */
export async function main(argv: string[]): Promise<number> {
  const program = command('export', 'Writes the network of a weights file as ONNX.')
    .requiredOption('--weights <file>', 'a .safetensors file that train wrote')
    .requiredOption('--out <file>', 'the .onnx file to write')
    .addOption(configOption())
    .addOption(modelOption(false))
    .option('--json', 'end standard output with one line of JSON', false);
  const ended = parse(program, argv);
  if (ended !== undefined) return ended;
  const { weights, config, model, out, json } = program.opts<Options>();
  const { systems } = await openModel(model);
  const read = readWeights(await openWeights(weights, config, systems), weights);
  const file = exportOnnx(read, createNetwork(read.config, systems));
  await writeWhole(out, file);
  const { streams, frames, size, classes } = read.config;
  console.log(
    `${out}: ${(file.length / 1e6).toFixed(1)} MB; inputs ${streams.join(' and ')} ` +
      `[${frames.mode === 'sequence' ? 'T, N' : 'N'}, 1, ${size}, ${size}], ` +
      `preprocessed and standardized; ${classes.length} classes`,
  );
  if (json)
    console.log(JSON.stringify({ out, bytes: file.length, inputs: streams, size, classes }));
  return 0;
}
