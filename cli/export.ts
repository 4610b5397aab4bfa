import { exportOnnx } from '../src/onnx/export';
import { readWeights } from '../src/train/weights_file';
import { command, parse } from './command';
import { readWhole, writeWhole } from './files';

interface Options {
  weights: string;
  out: string;
  json: boolean;
}

/** `npm run export`: a weights file as ONNX, for other programs to run. No GPU is used. */
export async function main(argv: string[]): Promise<number> {
  const program = command('export', 'Writes the network of a weights file as ONNX.')
    .requiredOption('--weights <file>', 'a .safetensors file that train wrote')
    .requiredOption('--out <file>', 'the .onnx file to write')
    .option('--json', 'end standard output with one line of JSON', false);
  const ended = parse(program, argv);
  if (ended !== undefined) return ended;
  const { weights, out, json } = program.opts<Options>();
  const read = readWeights(await readWhole(weights), weights);
  const file = exportOnnx(read);
  await writeWhole(out, file);
  const { streams, frames, size, classes } = read.config;
  console.log(
    `${out}: ${(file.length / 1e6).toFixed(1)} MB; inputs ${streams.join(' and ')} ` +
      `${frames.mode === 'sequence' ? `[${frames.count}, N, 1` : '[N, 1'}, ${size}, ${size}], ` +
      `preprocessed and standardized; ${classes.length} classes`,
  );
  if (json)
    console.log(JSON.stringify({ out, bytes: file.length, inputs: streams, size, classes }));
  return 0;
}
