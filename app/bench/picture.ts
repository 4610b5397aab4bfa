import { color } from '../shared/theme';
import type { Shared } from './share';

const [WIDTH, MARGIN, ROW] = [1200, 60, 46];
/** Where the bars begin and end. */
const [BARS, END] = [500, 990];

/** The result as a picture, in the colours of the page. */
export function drawResult({ date, adapter, browser, results }: Shared): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = 210 + ROW * results.length + MARGIN;
  const context = canvas.getContext('2d')!;
  const text = (words: string, x: number, y: number, font: string, shade: string, most = WIDTH) => {
    context.font = `${font} system-ui, sans-serif`;
    context.fillStyle = color(shade);
    context.fillText(words, x, y, most);
  };
  context.fillStyle = color('surface');
  context.fillRect(0, 0, WIDTH, canvas.height);
  context.textBaseline = 'middle';
  text('facegrad', MARGIN, 74, '700 40px', 'text');
  text(`${adapter} · ${browser} · ${date}`, MARGIN, 126, '24px', 'muted', WIDTH - 2 * MARGIN);
  const fastest = Math.max(...results.map(({ gflops }) => gflops));
  results.forEach(({ problem, ms, gflops }, i) => {
    const y = 195 + ROW * i;
    text(problem, MARGIN, y, '24px', 'text', BARS - MARGIN - 20);
    context.fillStyle = color('raised');
    context.fillRect(BARS, y - 11, END - BARS, 22);
    context.fillStyle = color('accent');
    context.fillRect(BARS, y - 11, ((END - BARS) * gflops) / fastest, 22);
    text(`${ms.toPrecision(3)} ms`, END + 20, y, '600 24px', 'text', WIDTH - END - 40);
  });
  const foot = 'Longer bars do more arithmetic in a second; the times are medians.';
  text(foot, MARGIN, canvas.height - 40, '20px', 'muted', WIDTH - 2 * MARGIN);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png');
  });
}
