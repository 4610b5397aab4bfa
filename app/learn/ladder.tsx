import { useEffect, useState } from 'preact/hooks';
import type { Report } from '../../learn/check';
import { gpuLine, machine } from '../../learn/client';
import type { Ladder } from '../../learn/exercise';
import { Button } from '../shared/widgets';

const count = (value: number | undefined) => (value === undefined ? '…' : short(value, 4));
const time = (value: number | null | undefined, unit = '') =>
  value === null ? '–' : value === undefined ? '' : `${short(value)}${unit}`;
const short = (value: number, digits = 3) => String(Number(value.toPrecision(digits)));

/** Versions of one kernel side by side: what each reads, counted by the machine, and its time on the reader's GPU. */
export function LadderView({ lesson, ladder }: { lesson: string; ladder: Ladder }) {
  const [costs, setCosts] = useState<Report['cost'][]>([]);
  const [times, setTimes] = useState<(number | null)[]>([]);
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    void machine.ask({ ask: 'costs', lesson }).then((answer) => {
      if ('costs' in answer) setCosts(answer.costs);
      else if ('error' in answer) setSaid(answer.error);
    });
  }, []);

  const onTime = async () => {
    setBusy(true);
    setSaid('Timing …');
    const answer = await gpuLine.ask({ ask: 'ladder', lesson });
    setBusy(false);
    if ('rungs' in answer) {
      setTimes(answer.rungs);
      const without = answer.rungs.includes(null);
      setSaid(
        `Median milliseconds of a dispatch in this browser, the rungs in turns, on ${answer.adapter}.` +
          (without ? ' Rungs without a time need subgroups, or larger ones than it has.' : ''),
      );
    } else if ('wrong' in answer) setSaid(answer.wrong);
  };
  const withGpu = 'gpu' in navigator;

  return (
    <>
      <div class="grid-scroll" tabIndex={0} role="group" aria-label={ladder.title}>
        <table class="rungs">
          <thead>
            <tr>
              <th scope="col">Rung</th>
              <th scope="col">Reads</th>
              <th scope="col">Segments</th>
              <th scope="col">ms here</th>
              <th scope="col">of rung 1</th>
              <th scope="col">What it changes</th>
            </tr>
          </thead>
          <tbody>
            {ladder.rungs.map(({ title, change, shader }, i) => (
              <tr key={shader.path}>
                <th scope="row">
                  {i + 1}. {title}
                </th>
                <td>{count(costs[i]?.reads)}</td>
                <td>{count(costs[i]?.segments)}</td>
                <td>{time(times[i])}</td>
                <td>{time(times[i] && times[i] / times[0]!, ' x')}</td>
                <td>{change}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted small">
        Reads of storage and segments of 32 bytes, for each number of the answer: counted by the
        machine, the same on every GPU. {ladder.text}
      </p>
      <div class="row">
        <Button
          disabled={busy || !withGpu}
          title={withGpu ? undefined : 'This browser gives no GPU to this page'}
          onClick={onTime}
        >
          Time all rungs
        </Button>
        <span class="small" role="status">
          {said}
        </span>
      </div>
      <div>
        {ladder.rungs.map(({ title, shader }, i) => (
          <details key={shader.path}>
            <summary>
              {i + 1}. {title}: <code>{shader.path.replace('../', '')}</code>
            </summary>
            <pre tabIndex={0}>{shader.code}</pre>
          </details>
        ))}
      </div>
    </>
  );
}
