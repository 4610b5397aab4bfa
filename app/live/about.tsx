import { Card } from '../shared/widgets';
import { measured } from './measured';
import type { NetworkFacts } from './messages';
import { LEAD } from './reading';

/** What such a classifier can and cannot know, and how often it is right. */
export function About({ network, bundled }: { network?: NetworkFacts; bundled: boolean }) {
  return (
    <Card title="What this can and cannot know">
      <div class="about">
        <div>
          <h3>It sees a small grey picture</h3>
          <p>
            A face of {network?.config.size ?? 48} pixels a side, and nothing else: no voice, no
            words, no context. It says which of {network?.config.classes.length ?? 7} labels people
            would most likely give such a picture.
          </p>
        </div>
        <div>
          <h3>It does not see feelings</h3>
          <p>
            An expression is not an emotion. People smile without joy and are sad without showing
            it, and a resting face can look angry to it. The bars show how the network splits its
            vote, not how likely someone is to feel something. Where no expression is {100 * LEAD}{' '}
            points ahead of the next, it counts as unsure.
          </p>
        </div>
        <div>
          <h3>It is often wrong</h3>
          {bundled ? <Figures /> : <OtherFigures network={network} />}
        </div>
        <div>
          <h3>Not for judging people</h3>
          <p>
            It reads faces, light, glasses and angles that were rare in its training pictures less
            well, so it is wrong about some people more often than about others. Do not let it
            decide about anyone: not for grades, jobs or watching a class.
          </p>
        </div>
        <div>
          <h3>Nothing is sent</h3>
          <p>
            The detector and the network run in this tab. Each frame is forgotten as soon as it is
            read; none is kept, and none leaves this machine.
          </p>
        </div>
      </div>
    </Card>
  );
}

function Figures() {
  const { accuracy, images, recalls } = measured;
  const sorted = [...recalls].sort((a, b) => b.recall - a.recall);
  const [best, worst] = [sorted[0], sorted[sorted.length - 1]];
  return (
    <p>
      Of {images.toLocaleString('en')} pictures of FER2013 that it was not trained on, it gave{' '}
      <strong>{accuracy.toFixed(1)} %</strong> the label people had given for {best.name}{' '}
      {best.recall.toFixed(0)} %, {worst.name} only {worst.recall.toFixed(0)} %. It will do worse in
      front of a camera.
    </p>
  );
}

/** What the commands and the Train page call data, for a reader. */
const DATA: Record<string, string> = {
  'fer2013 training': 'FER2013’s training pictures',
  'fer2013 training train': 'nine tenths of FER2013’s training pictures',
  'synthetic faces': 'drawn faces',
};

function OtherFigures({ network }: { network?: NetworkFacts }) {
  const { data, epoch, accuracy } = network?.provenance ?? {};
  const share = typeof accuracy === 'number' ? accuracy : undefined;
  return (
    <p>
      {data
        ? `These weights were trained on ${DATA[data] ?? data}${epoch ? `, ${epoch} epoch${epoch === 1 ? '' : 's'}` : ''}. `
        : 'These weights do not say what they were trained on. '}
      {share === undefined
        ? 'Their file has no measured accuracy. '
        : `They were right on ${(100 * share).toFixed(1)} % of the held-out pictures. `}
      {data?.startsWith('synthetic') &&
        'Weights trained on drawn faces know drawings; what they say of real faces is not reliable.'}
    </p>
  );
}
