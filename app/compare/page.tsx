import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { About } from '../live/about';
import { Faces, StagesCard } from '../live/faces';
import type { WeightsFile } from '../live/messages';
import { Session } from '../live/session';
import { Viewer } from '../live/viewer';
import { dropWeights, openWeights, REAL, SITE } from '../live/weights';
import { weightsFor, WeightsField, type Choice } from '../live/weights';
import { Card, Notice } from '../shared/widgets';
import { Agreement } from './agreement';
import '../live/live.css';

type Pair = readonly [Choice, Choice];

/** Table 2 of the paper: one stream alone against the other, for faces of people and for drawn ones. */
const TABLE_2: Pair = ['equalized', 'edges'];
const DRAWN_TABLE_2: Pair = ['drawn-equalized', 'drawn-edges'];

/** What is said of a pair that the page opens with. */
const WORDS = new Map<Pair, string>([
  [TABLE_2, 'Table 2 of the paper: equalized pictures alone against edges alone.'],
  [
    DRAWN_TABLE_2,
    'Table 2 of the paper on drawn faces: equalized pictures alone against edges alone. These two know drawings; other pictures are read by other weights.',
  ],
]);

/** Two networks look at the same faces at the same time. */
export function ComparePage() {
  const [session] = useState(() => new Session(TABLE_2.map((id) => SITE.get(id)!)));
  const choices = useSignal<Pair>(TABLE_2);
  const missing = useSignal(false);
  const same = useComputed(() => choices.value[0] === choices.value[1]);
  /** Whether somebody chose weights; until then they follow the source. */
  const byHand = useRef(false);

  const choose = async (next: Pair) => {
    const files = await Promise.all(next.map(weightsFor));
    missing.value = files.some((file) => !file);
    if (missing.value) return;
    const before = choices.value;
    choices.value = next;
    if (await session.load(files as WeightsFile[])) return;
    for (const choice of next) if (!before.includes(choice)) dropWeights(choice);
    if (choices.value === next) choices.value = before;
  };
  const chooseSide = (side: number, choice: Choice) => {
    byHand.current = true;
    const [left, right] = choices.value;
    void choose(side === 0 ? [choice, right] : [left, choice]);
  };
  /** Drawn faces are read by what learned drawn faces, people by what learned people. */
  const suit = (drawn: boolean) => {
    const pair = drawn ? DRAWN_TABLE_2 : TABLE_2;
    if (!byHand.current && choices.value !== pair) void choose(pair);
  };
  useEffect(() => () => session.dispose(), []);

  const networks = session.networks.value;
  return (
    <>
      <div class="page-head">
        <h1>Compare</h1>
        <p class="lead">
          The same faces through two sets of weights: whether they agree, and which is right.
        </p>
      </div>
      {missing.value && (
        <Notice
          title="These weights are no longer here"
          text="Train some on the Train page, or open a file."
        />
      )}
      <div class="live">
        <div class="live-main">
          <Viewer
            session={session}
            onWeights={(file) => void openWeights(file).then((choice) => chooseSide(1, choice))}
            onSource={suit}
          />
          <StagesCard session={session} />
        </div>
        <div class="live-side">
          <Card title="Weights">
            {(['Left', 'Right'] as const).map((label, side) => (
              <div key={label} class="side">
                <WeightsField
                  label={label}
                  value={choices.value[side]}
                  onChoose={(choice) => chooseSide(side, choice)}
                />
                {networks[side] && (
                  <p class="muted small">
                    {networks[side].config.streams.join(' + ')} · {networks[side].config.name} ·{' '}
                    {networks[side].parameters.toLocaleString('en')} parameters
                  </p>
                )}
              </div>
            ))}
            {WORDS.has(choices.value) && <p class="muted small">{WORDS.get(choices.value)}</p>}
            {same.value && (
              <p class="muted small">
                Both sides use the same weights: choose different ones for one of them.
              </p>
            )}
          </Card>
          <Agreement session={session} />
          <Faces session={session} />
        </div>
      </div>
      <About network={networks[0]} bundled={choices.value[0] === REAL} />
    </>
  );
}
