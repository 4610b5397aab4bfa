import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../live/session';
import { Button, Card } from '../shared/widgets';
import { count, NOTHING } from './tally';

/** How often the two networks agree, and which of them is right where that is known; counted as faces go by. */
export function Agreement({ session }: { session: Session }) {
  const [tally] = useState(() => signal(NOTHING));
  const networks = session.networks.value;
  useEffect(() => {
    tally.value = NOTHING; // other weights are counted from the start
    return session.view.subscribe((view) => {
      if (!view || session.networks.peek() !== networks || networks.length < 2) return;
      const classes = networks.map(({ config }) => config.classes);
      for (const { probabilities } of view.faces) {
        if (probabilities.length < 2) continue;
        tally.value = count(tally.peek(), probabilities, classes, view.shows);
      }
    });
  }, [networks]);
  const { readings, agreed, known, right } = tally.value;
  if (readings === 0) return null;
  const share = (part: number, of: number) => `${((100 * part) / of).toFixed(0)} %`;
  return (
    <Card title="Agreement" aside={`${readings} ${readings === 1 ? 'reading' : 'readings'}`}>
      <dl class="tally">
        <dt>Both say the same</dt>
        <dd>{share(agreed, readings)}</dd>
        {known > 0 &&
          (['Left', 'Right'] as const).map((side, n) => [
            <dt key={side}>{side} is right</dt>,
            <dd key={`${side} share`}>{share(right[n], known)}</dd>,
          ])}
      </dl>
      <p class="muted small">
        Every face counts once a frame.{' '}
        {known > 0
          ? 'A drawing shows what it was drawn to show, so we know who is right.'
          : 'Only for drawn faces is it known who is right.'}
      </p>
      <div class="row">
        <Button onClick={() => (tally.value = NOTHING)}>Start over</Button>
      </div>
    </Card>
  );
}
