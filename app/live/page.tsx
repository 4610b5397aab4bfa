import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Notice } from '../shared/widgets';
import { About } from './about';
import { Faces, StagesCard } from './faces';
import { measured } from './measured';
import { OverTime } from './over_time';
import { Session } from './session';
import { Viewer } from './viewer';
import { DRAWN, dropWeights, openWeights, REAL, SITE } from './weights';
import { weightsFor, WeightsField, type Choice } from './weights';
import './live.css';

/** What a link can carry: which weights, and whether the network remembers. */
const settings = new URLSearchParams(location.search);

function keepInUrl(name: string, value: string | undefined): void {
  if (value === undefined) settings.delete(name);
  else settings.set(name, value);
  const query = settings.toString();
  history.replaceState(null, '', query ? `?${query}` : location.pathname);
}

export function LivePage() {
  const [session] = useState(() => new Session([SITE.get(REAL)!]));
  const choice = useSignal<Choice>(REAL);
  /** Whether somebody chose the weights; until then they follow the source. */
  const byHand = useRef(false);
  const missing = useSignal(false);
  const network = useComputed(() => session.networks.value[0]);

  const choose = async (next: Choice) => {
    const file = await weightsFor(next);
    missing.value = !file;
    if (!file) return;
    const before = choice.value;
    choice.value = next;
    if (await session.load([file])) {
      keepInUrl('weights', next === 'trained' ? next : undefined);
      return;
    }
    dropWeights(next);
    if (choice.value === next) choice.value = before;
  };
  const chooseByHand = (next: Choice) => {
    byHand.current = true;
    void choose(next);
  };
  /** Drawn faces are read by what learned drawn faces, people by what learned people. */
  const suit = (drawn: boolean) => {
    const suited = drawn ? DRAWN : REAL;
    if (!byHand.current && choice.value !== suited) void choose(suited);
  };
  useEffect(() => {
    if (settings.get('weights') === 'trained') chooseByHand('trained');
    if (settings.get('memory') === 'off') session.carry.value = false;
    return () => session.dispose();
  }, []);

  const facts = network.value;
  const remembers = facts?.remembers;
  const inFile = facts?.provenance.accuracy;
  const accuracy =
    choice.value === REAL
      ? measured.accuracy / 100
      : typeof inFile === 'number'
        ? inFile
        : undefined;
  return (
    <>
      <div class="page-head">
        <h1>Live</h1>
        <p class="lead">
          Faces are found in the picture, cropped, and read by the network on your GPU. Nothing is
          sent anywhere.
        </p>
      </div>
      {missing.value && (
        <Notice
          title="Nothing has been trained in this browser yet"
          text="The weights that come with this page are used instead. Train some on the Train page, then come back."
        >
          <a class="button" href="./index.html">
            Train
          </a>
        </Notice>
      )}
      <div class="live">
        <div class="live-main">
          <Viewer
            session={session}
            onWeights={(file) => void openWeights(file).then(chooseByHand)}
            onSource={suit}
          />
          <StagesCard session={session} />
          <OverTime session={session} accuracy={accuracy} />
        </div>
        <div class="live-side">
          <Faces session={session} />
          <section class="card" aria-label="Settings">
            <WeightsField label="Weights" value={choice.value} onChoose={chooseByHand} />
            <label class="check">
              <input
                type="checkbox"
                checked={session.carry.value && remembers}
                disabled={!remembers}
                onChange={({ currentTarget }) => {
                  session.carry.value = currentTarget.checked;
                  keepInUrl('memory', currentTarget.checked ? undefined : 'off');
                }}
              />
              <span>
                Carry the LSTM’s state from frame to frame
                <span class="help">
                  Each face has a memory that ends when it leaves the picture. When off, every frame
                  is read by itself.
                </span>
              </span>
            </label>
            {facts && (
              <p class="muted small">
                {facts.parameters.toLocaleString('en')} parameters ·{' '}
                {facts.config.streams.join(' + ')} · {session.adapter.value}
              </p>
            )}
          </section>
        </div>
      </div>
      <About network={facts} bundled={choice.value === REAL} />
    </>
  );
}
