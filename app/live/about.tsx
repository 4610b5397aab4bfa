import { Card } from '../shared/widgets';
import { measured } from './measured';
import type { NetworkFacts } from './messages';

/** What such a classifier can and cannot know, and how often it is right. */
export function About({ network, bundled }: { network?: NetworkFacts; bundled: boolean }) {
  return (
    <Card title="What this can know, and what it cannot">
      <div class="about">
        <div>
          <h3>It sees a small grey picture</h3>
          <p>
            A face of {network?.config.size ?? 48} pixels a side, nothing else: no voice, no words,
            no situation. It says which of {network?.config.classes.length ?? 7} labels people would
            most likely have put on such a picture.
          </p>
        </div>
        <div>
          <h3>It does not see a feeling</h3>
          <p>
            An expression is not an emotion. People smile without joy and are sad without showing
            it, and a face at rest can look angry to it. The bars are the network’s shares, not
            probabilities of what somebody feels.
          </p>
        </div>
        <div>
          <h3>It is often wrong</h3>
          {bundled ? <Figures /> : <OtherFigures network={network} />}
        </div>
        <div>
          <h3>Not for judging people</h3>
          <p>
            Faces, light, glasses and angles that were rare in its pictures are read worse, so some
            people more wrongly than others. Let it decide about nobody: no grade, no job, no watch
            over a class.
          </p>
        </div>
        <div>
          <h3>Nothing is sent</h3>
          <p>
            Detector and network run in this tab. Frames are forgotten as soon as they are read;
            none is kept and none leaves this machine.
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
      <strong>{accuracy.toFixed(1)} %</strong> the label that people had given: {best.name}{' '}
      {best.recall.toFixed(0)} %, {worst.name} only {worst.recall.toFixed(0)} %. In front of a
      camera it will do worse.
    </p>
  );
}

function OtherFigures({ network }: { network?: NetworkFacts }) {
  const { data, epoch, accuracy } = network?.provenance ?? {};
  const share = typeof accuracy === 'number' ? accuracy : undefined;
  return (
    <p>
      {data
        ? `These weights were trained on ${data}${epoch ? `, ${epoch} epochs` : ''}. `
        : 'These weights do not say what they were trained on. '}
      {share === undefined
        ? 'Their file holds no measured accuracy. '
        : `They were right on ${(100 * share).toFixed(1)} % of pictures held out. `}
      Weights that learnt drawn faces know drawings: of real faces they say nothing reliable.
    </p>
  );
}
