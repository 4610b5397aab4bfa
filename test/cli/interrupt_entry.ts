import { onInterrupt } from '../../cli/interrupt';

/** Waits for Ctrl-C, then works on for a while as a training that writes its checkpoint does. */
export async function main([work]: string[]): Promise<number> {
  const interrupt = onInterrupt(() => console.log('stopping'));
  console.log('ready');
  const waiting = setInterval(() => {}, 1000);
  await new Promise((resolve) => interrupt.signal.addEventListener('abort', resolve));
  await new Promise((resolve) => setTimeout(resolve, Number(work)));
  clearInterval(waiting);
  console.log('written');
  return 7;
}
