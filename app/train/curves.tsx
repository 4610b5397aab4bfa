import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { color, theme } from '../shared/theme';
import { Card } from '../shared/widgets';
import type { Log } from './protocol';
import { classes, log, settings } from './state';

export function LossCurve() {
  return (
    <Card title="Loss" aside="lower is better">
      <Chart field="loss" label={inWords('Loss', ({ loss }) => loss.toFixed(2))} />
    </Card>
  );
}

export function AccuracyCurve() {
  return (
    <Card title="Accuracy" aside="share of pictures that are right">
      <Chart
        field="accuracy"
        label={inWords('Accuracy', ({ accuracy }) => `${(100 * accuracy).toFixed(0)} %`)}
      />
    </Card>
  );
}

/** What a chart shows, for a screen reader. */
function inWords(name: string, of: (point: Log['training'][number]) => string): string {
  const last = log.value.training.at(-1);
  const held = log.value.validation.at(-1);
  if (!last) return `${name}: nothing yet.`;
  return `${name} by step. Training ${of(last)}${held ? `, held out ${of(held)}` : ''}.`;
}

type Field = 'loss' | 'accuracy';

/** What a network has that gives every class the same probability. */
function byChance(field: Field): number | null {
  const count = classes.value.length;
  if (count === 0) return null;
  if (field === 'accuracy') return 1 / count;
  return (1 - 1 / count) ** Number(settings.value.gamma) * Math.log(count);
}

/** Steps, training, its running mean, held out, chance, and the original's loss beside a reader's kernel: one column a step that has any of them. */
function columns({ training, validation, original }: Log, field: Field): uPlot.AlignedData {
  const beside = field === 'loss' ? original : undefined;
  const points = [...training, ...validation, ...(beside ?? [])];
  const steps = [...new Set(points.map(({ step }) => step))].sort((a, b) => a - b);
  const index = new Map(steps.map((step, i) => [step, i]));
  const empty = () => new Array<number | null>(steps.length).fill(null);
  const [raw, smooth, held] = [empty(), empty(), empty()];
  let mean = 0;
  training.forEach(({ step, [field]: value }, n) => {
    const i = index.get(step)!;
    raw[i] = value;
    // A running mean over some twenty looks, from the first one on.
    const weight = Math.max(1 / 20, 1 / (n + 1));
    mean += weight * (value - mean);
    smooth[i] = mean;
  });
  for (const point of validation) held[index.get(point.step)!] = point[field];
  const chance = steps.map(() => byChance(field));
  if (!beside) return [steps, raw, smooth, held, chance];
  const file = empty();
  for (const { step, loss } of beside) file[index.get(step)!] = loss;
  return [steps, raw, smooth, held, chance, file];
}

const HEIGHT = 220;

function Chart({ field, label }: { field: Field; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const beside = field === 'loss' && log.value.original !== undefined;
  useEffect(() => {
    const [text, grid] = [color('muted'), color('border')];
    const [first, second] = [color('accent'), color('second')];
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid } };
    const percent = field === 'accuracy';
    const plot = new uPlot(
      {
        width: box.current!.clientWidth,
        height: HEIGHT,
        scales: {
          x: { time: false },
          y: percent ? { range: [0, 1] } : { range: (_, __, max) => [0, (max || 1) * 1.05] },
        },
        axes: [
          { ...axis, label: 'step', labelSize: 20, size: 34 },
          {
            ...axis,
            size: 52,
            values: (_, values) =>
              values.map((v) => (percent ? `${Math.round(100 * v)} %` : String(+v.toFixed(3)))),
          },
        ],
        cursor: { y: false },
        series: [
          { label: 'step' },
          {
            label: 'a batch',
            stroke: `color-mix(in srgb, ${first} 35%, transparent)`,
            width: 1,
            points: { show: false },
            spanGaps: true,
          },
          { label: 'training', stroke: first, width: 2, points: { show: false }, spanGaps: true },
          {
            label: 'held out',
            stroke: second,
            width: 2,
            points: { show: true, size: 7, fill: second },
            spanGaps: true,
          },
          { label: 'chance', stroke: text, width: 1, dash: [2, 4], points: { show: false } },
          ...(beside
            ? [
                {
                  label: 'original kernel',
                  stroke: text,
                  width: 1,
                  dash: [4, 4],
                  points: { show: false },
                },
              ]
            : []),
        ],
        legend: { live: false },
      },
      columns(log.peek(), field),
      box.current!,
    );
    chart.current = plot;
    const observer = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width > 0) plot.setSize({ width: contentRect.width, height: HEIGHT });
    });
    observer.observe(box.current!);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [field, beside, theme.value]);
  useRedraw(() => chart.current?.setData(columns(log.peek(), field)), log.value);
  return <div ref={box} class="chart" role="img" aria-label={label} />;
}

/** Draws after a change, once a frame at most and at least a fifth of a second apart. */
function useRedraw(draw: () => void, change: unknown): void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const last = useRef(0);
  useEffect(() => {
    if (timer.current !== undefined) return;
    const wait = Math.max(0, 200 - (performance.now() - last.current));
    timer.current = setTimeout(() => {
      timer.current = undefined;
      last.current = performance.now();
      draw();
    }, wait);
  }, [change]);
  useEffect(() => () => clearTimeout(timer.current), []);
}
