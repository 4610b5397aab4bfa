import { adapterName } from '../../src/gpu/device';
import { milliseconds } from './columns';
import type { Report } from './report';

const COLOURS: Record<string, string> = {
  facegrad: '#0a7d4f',
  'facegrad direct': '#5fb08c',
  'facegrad plain': '#8fc9ae',
  'jax-js webgpu': '#3b6fb6',
  'tfjs webgpu': '#e07b1f',
  'tfjs wasm': '#f2bd8d',
  'onnxruntime webgpu': '#8a5ab5',
  'onnxruntime wasm': '#c8b2dd',
  'pytorch cpu': '#c2412d',
};

const BAR = 14;
const LABELS = 250;
const WIDTH = 960;

const escape = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

/** Milliseconds by problem and library as bars on a logarithmic scale: an SVG file. */
export function reportPlot(report: Report): string {
  const timed = report.measurements.filter(({ ms }) => ms !== undefined);
  if (timed.length === 0) throw new Error('nothing to plot: the report has no times');
  const medians = timed.map(({ ms }) => ms!.median);
  const low = 10 ** Math.floor(Math.log10(Math.min(...medians)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...medians) * 1.001));
  const decades = Math.max(1, Math.round(Math.log10(high / low)));
  const scale = (WIDTH - LABELS - 80) / decades;
  const x = (ms: number) => LABELS + Math.max(2, Math.log10(ms / low) * scale);
  const lines: string[] = [];
  let y = 56;
  for (const problem of [...new Set(timed.map((m) => m.problem))]) {
    const group = timed.filter((m) => m.problem === problem);
    lines.push(`<text x="${LABELS - 8}" y="${y + 11}" text-anchor="end">${escape(problem)}</text>`);
    for (const { library, ms } of group) {
      const { median, quartiles } = ms!;
      const end = x(median).toFixed(1);
      const colour = COLOURS[library] ?? '#777';
      lines.push(
        `<rect x="${LABELS}" y="${y}" width="${(x(median) - LABELS).toFixed(1)}" height="${BAR - 3}" fill="${colour}"/>`,
        `<path d="M${x(quartiles[0]).toFixed(1)} ${y + 5}H${x(quartiles[1]).toFixed(1)}" stroke="#222"/>`,
        `<text x="${Number(end) + 5}" y="${y + 10}" class="value">${milliseconds(median)}</text>`,
      );
      y += BAR;
    }
    y += 10;
  }
  const ticks = Array.from({ length: decades + 1 }, (_, i) => low * 10 ** i).flatMap((ms) => [
    `<path d="M${LABELS + Math.log10(ms / low) * scale} 48V${y}" stroke="#ddd"/>`,
    `<text x="${LABELS + Math.log10(ms / low) * scale}" y="44" text-anchor="middle">${Number(ms.toPrecision(1)).toLocaleString('en')} ms</text>`,
  ]);
  const legend = [...new Set(timed.map(({ library }) => library))].map(
    (library, i) =>
      `<rect x="${8 + i * 134}" y="${y + 6}" width="10" height="10" fill="${COLOURS[library] ?? '#777'}"/>` +
      `<text x="${22 + i * 134}" y="${y + 15}">${escape(library)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 28}" font-family="sans-serif" font-size="11">`,
    '<style>.value{fill:#555}</style><rect width="100%" height="100%" fill="white"/>',
    `<text x="8" y="20" font-size="14">Milliseconds per run on ${escape(adapterName(report.facts.adapter))}: shorter is better; each line marks ten times the previous one</text>`,
    ...ticks,
    ...lines,
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}
