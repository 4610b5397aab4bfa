import { useEffect, useRef } from 'preact/hooks';

/**
 * Counts by true class (row) and predicted class (column). A cell's colour is its share of the row, so
 * that classes of different sizes compare.
 */
export function ConfusionMatrix(props: { confusion: number[][]; classes: readonly string[] }) {
  const { confusion, classes } = props;
  return (
    <div class="matrix-scroll" tabIndex={0} role="region" aria-label="Confusion matrix">
      <table class="matrix">
        <caption class="hidden-text">
          Rows are the true class, columns what the network said.
        </caption>
        <thead>
          <tr>
            <th class="corner" aria-hidden="true" />
            {classes.map((name) => (
              <th key={name} scope="col" title={name}>
                <ClassName name={name} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {confusion.map((row, c) => {
            const total = row.reduce((a, b) => a + b, 0) || 1;
            return (
              <tr key={classes[c]}>
                <th scope="row" title={classes[c]}>
                  <ClassName name={classes[c]} />
                </th>
                {row.map((count, p) => (
                  <Cell key={p} count={count} share={count / total} right={c === p} />
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** A name that is cut to three letters where there is no room; CSS chooses. */
function ClassName({ name }: { name: string }) {
  return (
    <>
      <span class="short" aria-hidden="true">
        {name.slice(0, 3)}
      </span>
      <span class="long">{name}</span>
    </>
  );
}

function Cell({ count, share, right }: { count: number; share: number; right: boolean }) {
  const ref = useRef<HTMLTableCellElement>(null);
  useEffect(() => {
    // Set through the CSSOM: the page's policy allows no style attribute.
    const { style } = ref.current!;
    const hue = right ? 'var(--accent)' : 'var(--second)';
    // Less than half the hue: beyond, neither dark nor light text has a contrast of 4.5 on all of it.
    style.background = `color-mix(in oklab, ${hue} ${Math.round(share * 45)}%, var(--raised))`;
  }, [share, right]);
  return (
    <td ref={ref} title={`${(100 * share).toFixed(0)} %`}>
      {count || ''}
    </td>
  );
}
