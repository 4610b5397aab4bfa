import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { About } from '../live/about';
import { Faces, StagesCard } from '../live/faces';
import type { WeightsFile } from '../live/messages';
import { Session } from '../live/session';
import { Viewer } from '../live/viewer';
import { openWeights, REAL, SITE, weightsFor, WeightsField, type Choice } from '../live/weights';
import { Card, Notice } from '../shared/widgets';
import '../live/live.css';

/** Two networks look at the same faces at the same time. */
export function ComparePage() {
  const [session] = useState(() => new Session([SITE.get(REAL)!, SITE.get(REAL)!]));
  const choices = useSignal<[Choice, Choice]>([REAL, REAL]);
  const missing = useSignal(false);
  const same = useComputed(() => choices.value[0] === choices.value[1]);

  const choose = async (side: 0 | 1, choice: Choice) => {
    const next: [Choice, Choice] = [...choices.value];
    next[side] = choice;
    const files = await Promise.all(next.map(weightsFor));
    missing.value = files.some((file) => !file);
    if (missing.value) return;
    choices.value = next;
    void session.load(files as WeightsFile[]);
  };
  useEffect(() => {
    // Where something was trained here, that is what one wants to see beside the page's weights.
    void weightsFor('trained').then((file) => file && choose(1, 'trained'));
    return () => session.dispose();
  }, []);

  const networks = session.networks.value;
  return (
    <>
      <div class="page-head">
        <h1>Compare</h1>
        <p class="lead">
          The same faces through two sets of weights. To see what table 2 of the paper measures,
          train once with only the equalized stream and once with only the edges, and open both
          files here.
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
            onWeights={(file) => void openWeights(file).then((choice) => choose(1, choice))}
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
                  onChoose={(choice) => void choose(side as 0 | 1, choice)}
                />
                {networks[side] && (
                  <p class="muted small">
                    {networks[side].config.streams.join(' + ')} · {networks[side].config.name} ·{' '}
                    {networks[side].parameters.toLocaleString('en')} parameters
                  </p>
                )}
              </div>
            ))}
            {same.value && (
              <p class="muted small">
                Both sides use the same weights: choose different ones for one of them.
              </p>
            )}
          </Card>
          <Faces session={session} />
        </div>
      </div>
      <About network={networks[0]} bundled={choices.value[0] === REAL} />
    </>
  );
}
