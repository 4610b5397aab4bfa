import { color } from '../shared/theme';
import { milliseconds } from '../../bench/report/columns';
import { barLength } from './bars';
import { titleOf, type Shared } from './share';

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
  results.forEach((result, i) => {
    const { problem, library, ms } = result;
    const y = 195 + ROW * i;
    if (library) text(titleOf(library), MARGIN + 32, y, '24px', 'muted', BARS - MARGIN - 52);
    else text(problem, MARGIN, y, '24px', 'text', BARS - MARGIN - 20);
    context.fillStyle = color('raised');
    context.fillRect(BARS, y - 11, END - BARS, 22);
    context.fillStyle = color(library ? 'border-strong' : 'accent');
    context.fillRect(BARS, y - 11, (END - BARS) * barLength(result, results), 22);
    text(`${milliseconds(ms)} ms`, END + 20, y, '600 24px', 'text', WIDTH - END - 40);
  });
  const foot = 'Longer bars do more arithmetic in a second; the times are medians.';
  text(foot, MARGIN, canvas.height - 40, '20px', 'muted', WIDTH - 2 * MARGIN);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png');
  });
}
