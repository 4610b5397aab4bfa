import { useState } from 'preact/hooks';
import type { Cell, MemoryView, View } from '../../learn/debug';

const list = (threads: number[]) =>
  threads.length > 8
    ? `${threads.slice(0, 8).join(', ')} and ${threads.length - 8} more`
    : threads.join(', ');
const plural = (threads: number[]) => (threads.length === 1 ? 'thread' : 'threads');

function story({ place, readers, writers }: Cell): string {
  const parts = [
    readers.length > 0 ? `read by ${plural(readers)} ${list(readers)}` : '',
    writers.length > 0 ? `written by ${plural(writers)} ${list(writers)}` : '',
  ].filter(Boolean);
  return `${place}: ${parts.join('; ') || 'no thread has touched it'}`;
}

/** What a thread has touched, in words. */
function storyOf({ memories, astray, groups, size }: View, thread: number): string {
  const places = (which: 'readers' | 'writers') =>
    memories.flatMap(({ cells }) =>
      cells.filter((cell) => cell[which].includes(thread)).map(({ place }) => place),
    );
  const named = (places: string[]) =>
    places.length > 12
      ? `${places.slice(0, 12).join(', ')} and ${places.length - 12} more`
      : places.join(', ');
  const [reads, writes] = [named(places('readers')), named(places('writers'))];
  const inGroup = ` (thread ${thread % size} of workgroup ${Math.floor(thread / size)})`;
  const who = `Thread ${thread}${groups > 1 ? inGroup : ''}`;
  const within =
    reads || writes
      ? `${who}${reads && ` reads ${reads}`}${reads && writes && ' and'}${writes && ` writes ${writes}`}.`
      : '';
  const past = astray.length > 0 ? `${who} ${astray.join(' and ')}: past the end.` : '';
  return [within, past].filter(Boolean).join(' ') || `${who} has touched nothing yet.`;
}

/** Which thread touches which number: a grid for every buffer, and the same in words. */
export function Picture({ view, thread }: { view: View; thread: number }) {
  const [pointed, point] = useState<Cell | null>(null);
  return (
    <figure class="picture">
      {view.memories.map((memory) => (
        <Grid key={memory.name} {...{ memory, thread, point }} />
      ))}
      <figcaption aria-live="polite">{pointed ? story(pointed) : storyOf(view, thread)}</figcaption>
      <p class="muted small">
        <b>r</b>, <b>w</b>: thread {thread} reads, writes. <b>t5</b>: thread 5 wrote last. <b>•</b>:
        only read. <b>·</b>: nothing written yet.
      </p>
    </figure>
  );
}

function Grid(props: { memory: MemoryView; thread: number; point(cell: Cell | null): void }) {
  const { memory, thread, point } = props;
  const { name, space, shape, cells, more } = memory;
  // As long as the last axis; of more than two axes the last ones of a single element are left out.
  const last = shape.length > 2 ? shape.findLast((extent) => extent > 1) : shape[shape.length - 1];
  const across = Math.min(32, last || 1);
  const rows = Array.from({ length: Math.ceil(cells.length / across) }, (_, i) =>
    cells.slice(i * across, (i + 1) * across),
  );
  return (
    <div class="grid-scroll" tabIndex={0} role="group" aria-label={`Memory of ${name}`}>
      <table class={`grid ${across > 8 ? 'is-wide' : ''}`}>
        <caption>
          <code>{name}</code> {space === 'workgroup' ? 'workgroup memory' : `[${shape.join(', ')}]`}
          {more > 0 && `, ${more} more not drawn`}
        </caption>
        <tbody onMouseLeave={() => point(null)}>
          {rows.map((row, r) => (
            <tr key={r}>
              {row.map((cell) => {
                const [reads, writes] = [
                  cell.readers.includes(thread),
                  cell.writers.includes(thread),
                ];
                const touched = `${reads ? 'r' : ''}${writes ? 'w' : ''}`;
                const last = cell.writers[cell.writers.length - 1];
                return (
                  <td
                    key={cell.place}
                    class={`${touched && `is-${touched}`} ${cell.now ? 'is-now' : ''}`}
                    onMouseEnter={() => point(cell)}
                    onClick={() => point(cell)}
                    title={story(cell)}
                  >
                    <span>{cell.value}</span>
                    <small>
                      {touched ||
                        (last === undefined ? (cell.readers.length > 0 ? '•' : ' ') : `t${last}`)}
                    </small>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
