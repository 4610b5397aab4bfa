/** The numbers behind one pixel of a feature map: from the pool back to the products. Loaded when a pixel is chosen. */
import { useState } from 'preact/hooks';
import { Button } from '../shared/widgets';
import type { Arithmetic, Pixel } from './protocol';
import { takeApart } from './session';
import './arithmetic.css';

/** Side of the convolution's window. */
const SIDE = 5;

const sign = (x: number) => (x < 0 ? '−' : '');
/** Three figures behind the point, less where there are more before it. */
const number = (x: number) => {
  const size = Math.abs(x);
  return sign(Number(size.toFixed(3)) && x) + size.toFixed(size < 100 ? 3 : size < 1000 ? 2 : 1);
};
const products = (window: number[], weights: number[]) => window.map((x, i) => x * weights[i]);
const sumOf = (terms: number[]) => terms.reduce((a, b) => a + b, 0);

export default function TakenApart(props: {
  name: string;
  arithmetic: Arithmetic;
  /** The page on a kernel, by its name. */
  kernelPage(kernel: string): string;
}) {
  const { name, arithmetic, kernelPage } = props;
  const { pixel, weights, places, norm, value } = arithmetic;
  const normed = places.map(
    ({ sum }) => ((sum - norm.mean) / norm.deviation) * norm.gamma + norm.beta,
  );
  const winner = normed.indexOf(Math.max(...normed));
  const [place, setPlace] = useState<number>();
  const [channel, setChannel] = useState(0);
  const at = place ?? winner;
  const shown = places[at];
  const sums = shown.windows.map((window, c) => sumOf(products(window, weights[c])));
  const input = Math.min(channel, sums.length - 1);
  const choose = (change: Partial<Pixel>) => {
    setPlace(undefined);
    takeApart({ ...pixel, ...change });
  };
  return (
    <div class="taken-apart" role="group" aria-label="The numbers behind a pixel">
      <div class="card-head">
        <h3>
          {name}: <span class="value">{number(value)}</span>
        </h3>
        <Button kind="quiet" onClick={() => takeApart(undefined)}>
          Close
        </Button>
      </div>
      <div class="places">
        <Index name="Map" of={arithmetic.maps} value={pixel.map} set={(map) => choose({ map })} />
        <Index name="Row" of={arithmetic.height} value={pixel.y} set={(y) => choose({ y })} />
        <Index name="Column" of={arithmetic.width} value={pixel.x} set={(x) => choose({ x })} />
      </div>
      <p class="small">
        <strong>Max-pool</strong> takes the largest of four neighbours. Choose one to see how it
        came about.
      </p>
      <div class="options four">
        {places.map(({ row, column }, i) => (
          <button type="button" key={i} aria-pressed={i === at} onClick={() => setPlace(i)}>
            <span class="hidden-text">
              Row {row + 1}, column {column + 1}:{' '}
            </span>
            {number(Math.max(0, normed[i]))}
            {i === winner && <span class="small muted"> largest</span>}
          </button>
        ))}
      </div>
      <p class="small">
        <strong>ReLU</strong> takes what <strong>batch norm</strong> gives, or 0 if that is less:
        <span class="formula">
          ({number(shown.sum)} − {number(norm.mean)}) / {number(norm.deviation)} ×{' '}
          {number(norm.gamma)} + {number(norm.beta)} = <b>{number(normed[at])}</b>
        </span>
      </p>
      <p class="small">
        <strong>Convolution</strong> gives <b class="sum">{number(shown.sum)}</b>,{' '}
        {sums.length === 1
          ? 'the sum of these 25 products: a pixel of the network’s input times a weight.'
          : `the sum of ${sums.length} windows, one in each of the maps before. Choose one to see its 25 products: a pixel of that map times a weight.`}
      </p>
      {sums.length > 1 && (
        <div class="options sums" role="group" aria-label="Sums by input map">
          {sums.map((sum, c) => (
            <button type="button" key={c} aria-pressed={c === input} onClick={() => setChannel(c)}>
              <span class="hidden-text">Input map {c + 1}: </span>
              {number(sum)}
            </button>
          ))}
        </div>
      )}
      <Products window={shown.windows[input]} weights={weights[input]} />
      <p class="small">
        Sum of the 25: <b>{number(sums[input])}</b>. The kernels that do this:{' '}
        <a href={kernelPage('conv5x5')}>5×5 convolution</a>,{' '}
        <a href={kernelPage('bn_relu_pool')}>batch norm, ReLU and max-pool in one</a>.
      </p>
    </div>
  );
}

/** Counted from one, as a person does. */
function Index(props: { name: string; of: number; value: number; set(value: number): void }) {
  const { name, of, value, set } = props;
  return (
    <label class="small picture-number">
      {name} 1–{of}
      <input
        type="number"
        min={1}
        max={of}
        value={value + 1}
        onChange={({ currentTarget }) =>
          set(Math.max(1, Math.min(of, Math.round(Number(currentTarget.value)) || 1)) - 1)
        }
      />
    </label>
  );
}

function Products({ window, weights }: { window: number[]; weights: number[] }) {
  const terms = products(window, weights);
  const rows = Array.from({ length: SIDE }, (_, i) => i);
  return (
    <table class="products">
      <caption class="hidden-text">25 products: input times weight</caption>
      <tbody>
        {rows.map((row) => (
          <tr key={row}>
            {rows.map((column) => {
              const i = row * SIDE + column;
              return (
                <td key={column} class={terms[i] < 0 ? 'less' : terms[i] > 0 ? 'more' : undefined}>
                  <b>{number(terms[i])}</b>
                  <span>
                    {window[i].toFixed(2).replace('-', '−')}
                    <wbr />×{weights[i].toFixed(2).replace('-', '−')}
                  </span>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
