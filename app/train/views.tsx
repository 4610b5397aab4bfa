import { effect, signal } from '@preact/signals';
import { ConfusionMatrix } from '../shared/confusion_matrix';
import { Bars, Card } from '../shared/widgets';
import { picture, PictureGrid, PixelGrid } from './picture_grid';
import { choose, takeApart } from './session';
import {
  batchView,
  classes,
  data,
  features,
  filters,
  memory,
  metrics,
  mistakes,
  network,
  pixel,
  profile,
} from './state';

const percent = (share: number, digits = 0) => `${(100 * share).toFixed(digits)} %`;

export function Matrix() {
  const held = metrics.value;
  return (
    <Card
      title="Confusion matrix"
      aside={
        held ? `held out, epoch ${held.epoch}: ${percent(held.metrics.accuracy, 1)}` : undefined
      }
    >
      {held ? (
        <>
          <ConfusionMatrix confusion={held.metrics.confusion} classes={classes.value} />
          <p class="small muted">
            Rows are what a face shows, columns what the network says. Mean recall{' '}
            {percent(held.metrics.meanRecall, 1)} over {held.metrics.images} pictures.
          </p>
        </>
      ) : (
        <Later>After each epoch: which classes the network confuses.</Later>
      )}
    </Card>
  );
}

const ROW_TEXT: Record<string, string> = {
  raw: 'as drawn from the data, shifted a little at random',
  equalized: 'contrast evened out: the first stream',
  edges: 'sharpened near edges: the second stream',
  distance: 'distance to the nearest edge, which controls the sharpening',
};

export function BatchView() {
  const view = batchView.value;
  return (
    <Card title="What the network sees" aside={view ? `step ${view.step}` : undefined}>
      {view ? (
        <div class="batch">
          {view.rows.map(({ name, pictures }) => (
            <figure key={name}>
              <PictureGrid
                pictures={pictures}
                columns={8}
                label={`${name}: ${view.labels.join(', ')}`}
              />
              <figcaption class="small">
                <strong>{name}</strong> <span class="muted">{ROW_TEXT[name]}</span>
              </figcaption>
            </figure>
          ))}
        </div>
      ) : (
        <Later>The first pictures of each batch, and what preprocessing turns them into.</Later>
      )}
    </Card>
  );
}

/** The lesson on a kernel, by its name. */
const kernelPage = (kernel: string) =>
  `./kernel-${kernel.split('.')[0].replace(/^(max|avg)_(?=pool2d)/, '')}.html`;

/** That on the network's convolution. */
const convolutionPage = () =>
  kernelPage(filters.value?.streams[0]?.filters.width === 5 ? 'conv5x5' : 'conv');

export function Filters() {
  const view = filters.value;
  return (
    <Card title="First filters" aside={view ? '5×5 weights, grey is zero' : undefined}>
      {view ? (
        view.streams.map(({ name, filters }) => (
          <figure key={name} class="filters">
            <a href={convolutionPage()}>
              <PictureGrid
                pictures={filters}
                columns={16}
                gap={1}
                label={`Filters of the ${name} stream`}
              />
            </a>
            <figcaption class="small muted">{name}</figcaption>
          </figure>
        ))
      ) : (
        <Later>What the first convolution of each stream looks for.</Later>
      )}
    </Card>
  );
}

const TakenApart = signal<typeof import('./arithmetic').default | undefined>(undefined);

effect(() => {
  if (pixel.value)
    void import('./arithmetic').then((loaded) => (TakenApart.value = loaded.default));
});

export function Features() {
  const view = features.value;
  const at = pixel.value;
  const held = data.value?.validation.reduce((a, b) => a + b, 0);
  return (
    <Card title="One picture through the network">
      {view ? (
        <div class="features">
          <div class="features-picture">
            <PictureGrid
              pictures={view.picture}
              columns={1}
              label={`A picture of ${classes.value[view.label]}`}
            />
            <p class="small">
              shows <strong>{classes.value[view.label]}</strong>
            </p>
            <label class="small picture-number">
              Picture
              <input
                type="number"
                min={0}
                max={held ? held - 1 : undefined}
                value={view.image}
                onChange={(e) =>
                  choose(Math.max(0, Math.round(Number(e.currentTarget.value)) || 0))
                }
              />
            </label>
          </div>
          <Bars
            labels={classes.value}
            values={view.probabilities}
            label="What the network says about it"
          />
          <div class="features-maps">
            {view.layers.map(({ name, maps, open }, layer) => (
              <figure key={name}>
                {open ? (
                  <PixelGrid
                    pictures={maps}
                    columns={8}
                    label={`Feature maps, ${name}`}
                    chosen={at?.layer === layer ? { ...at, picture: at.map } : undefined}
                    onChoose={({ picture, ...spot }) => takeApart({ layer, map: picture, ...spot })}
                  />
                ) : (
                  <PictureGrid pictures={maps} columns={8} label={`Feature maps, ${name}`} />
                )}
                <figcaption class="small muted">
                  <a href={convolutionPage()}>{name}</a>
                </figcaption>
              </figure>
            ))}
          </div>
          {view.layers.some(({ open }) => open) && !at && (
            <p class="small muted features-hint">
              Choose a pixel of a map to see the numbers that it is made of.
            </p>
          )}
          {TakenApart.value && view.arithmetic && at && (
            <TakenApart.value
              name={view.layers[view.arithmetic.pixel.layer].name}
              arithmetic={view.arithmetic}
              kernelPage={kernelPage}
            />
          )}
        </div>
      ) : (
        <Later>The feature maps of a picture you choose, and what the network says about it.</Later>
      )}
    </Card>
  );
}

export function Mistakes() {
  const worst = mistakes.value;
  return (
    <Card title="Worst mistakes" aside={worst ? 'held out; click one to look inside' : undefined}>
      {!worst && <Later>After each epoch: where the network was most certain, and wrong.</Later>}
      {worst && worst.list.length === 0 && <p>None: every held-out picture is right.</p>}
      {worst && worst.list.length > 0 && (
        <ul class="mistakes">
          {worst.list.map((mistake, i) => (
            <li key={mistake.image}>
              <button type="button" onClick={() => choose(mistake.image)}>
                <PictureGrid
                  pictures={picture(worst.pictures, i)}
                  columns={1}
                  label={`Picture ${mistake.image}`}
                />
                <span>{classes.value[mistake.label]}</span>
                <span class="said">
                  {classes.value[mistake.said]} {percent(mistake.confidence)}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

export function GpuTime() {
  const times = profile.value;
  const total = times?.groups.reduce((sum, { ms }) => sum + ms, 0) ?? 0;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return (
    <Card
      title="Where the GPU’s time goes"
      aside={
        times
          ? `${total.toFixed(total < 10 ? 2 : 0)} ms in ${times.dispatches} dispatches`
          : undefined
      }
    >
      {times ? (
        <>
          <Bars
            labels={times.groups.map(({ name }) => name)}
            values={times.groups.map(({ ms }) => ms / total)}
            label="Share of a training step, by kind of kernel"
            links={times.groups.map(({ kernel }) => kernelPage(kernel))}
          />
          <p class="small muted">
            A step of {times.batch} pictures. Each name leads to the kernel that took longest.{' '}
            {times.method === 'timestamp'
              ? 'Timed by the GPU, each kernel on its own.'
              : 'Timed from submit to completion, each kernel on its own: this browser has no GPU timestamps.'}
          </p>
        </>
      ) : (
        <Later>One training step, kernel by kernel.</Later>
      )}
      {memory.value && network.value && (
        <p class="small muted">
          {network.value.parameters.toLocaleString('en')} weights. GPU memory:{' '}
          {mib(memory.value.state)} of data, weights and optimizer; {mib(memory.value.after)} of
          intermediate results, which would take {mib(memory.value.before)} without reuse.
        </p>
      )}
    </Card>
  );
}

/** What will stand here. */
function Later({ children }: { children: string }) {
  return <p class="later muted">{children}</p>;
}
