import { chooseNodeAdapter } from '../tools/node_adapter';
import { checkGpu } from './check';
import { checkText } from './report';

/** `npm run check-gpu [-- kernels…]`: checks every kernel on the adapter that Dawn finds in Node. */
export async function main(argv: string[]): Promise<number> {
  chooseNodeAdapter();
  const report = await checkGpu(
    ({ done, total, kernel }) => process.stderr.write(`${done + 1} of ${total}: ${kernel}\n`),
    argv.length > 0 ? argv : undefined,
  );
  console.log(checkText(report, `Node ${process.versions.node}, ${process.platform}`));
  return report.wrong.length === 0 && report.cases > 0 ? 0 : 1;
}
