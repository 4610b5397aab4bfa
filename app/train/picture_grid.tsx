import { useEffect, useRef } from 'preact/hooks';
import type { Pictures } from './protocol';

/**
 * Grey pictures side by side on one canvas, `columns` a row, each pixel drawn as it is.
 * @param label what a screen reader says of it; empty where something around it has a label
 */
export function PictureGrid(props: {
  pictures: Pictures;
  columns: number;
  label: string;
  gap?: number;
  class?: string;
}) {
  const { pictures, columns, label, gap = 2 } = props;
  const { width, height, pixels } = pictures;
  const count = Math.floor(pixels.length / (width * height));
  const across = Math.max(1, Math.min(columns, count));
  const down = Math.max(1, Math.ceil(count / across));
  const extent = [across * (width + gap) - gap, down * (height + gap) - gap] as const;
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = ref.current!.getContext('2d')!;
    context.clearRect(0, 0, ...extent);
    for (let n = 0; n < count; n++) {
      const image = context.createImageData(width, height);
      const from = n * width * height;
      for (let i = 0; i < width * height; i++) {
        image.data.fill(pixels[from + i], 4 * i, 4 * i + 3);
        image.data[4 * i + 3] = 255;
      }
      const x = (n % across) * (width + gap);
      context.putImageData(image, x, Math.floor(n / across) * (height + gap));
    }
  }, [pictures, across, gap]);
  const said = label ? { role: 'img' as const, 'aria-label': label } : { 'aria-hidden': true };
  return (
    <canvas
      ref={ref}
      width={extent[0]}
      height={extent[1]}
      class={`pictures ${props.class ?? ''}`}
      {...said}
    />
  );
}

/** One picture of several, for lists and buttons. */
export function picture({ width, height, pixels }: Pictures, index: number): Pictures {
  const area = width * height;
  return { width, height, pixels: pixels.subarray(index * area, (index + 1) * area) };
}

/** A place in a grid: which picture, and which of its pixels. */
export interface Spot {
  picture: number;
  y: number;
  x: number;
}

/** The keys that move a spot. */
const MOVES: Partial<Record<string, [dx: number, dy: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The same grid, of whose pixels one can be chosen: by a click, or by arrow keys. */
export function PixelGrid(props: {
  pictures: Pictures;
  columns: number;
  label: string;
  chosen?: Spot;
  onChoose(spot: Spot): void;
}) {
  const { pictures, columns, label, chosen, onChoose } = props;
  const { width, height, pixels } = pictures;
  const gap = 2;
  const count = Math.floor(pixels.length / (width * height));
  const across = Math.min(columns, count);
  const extent = [across * (width + gap) - gap, Math.ceil(count / across) * (height + gap) - gap];
  /** The pixel at a place on the grid, from 0 to 1; of a gap the one before it. */
  const spotAt = (u: number, v: number): Spot => {
    const column = Math.floor(u * extent[0]);
    const row = Math.floor(v * extent[1]);
    const [i, j] = [Math.floor(column / (width + gap)), Math.floor(row / (height + gap))];
    return {
      picture: Math.min(count - 1, j * across + i),
      x: Math.min(width - 1, column - i * (width + gap)),
      y: Math.min(height - 1, row - j * (height + gap)),
    };
  };
  const middle = { picture: 0, y: height >> 1, x: width >> 1 };
  return (
    <button
      type="button"
      class="pixels"
      aria-label={`${label}: choose a pixel with the arrow keys`}
      onClick={(event) => {
        const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
        // A key has no place.
        if (event.detail === 0) onChoose(chosen ?? middle);
        else onChoose(spotAt((event.clientX - left) / width, (event.clientY - top) / height));
      }}
      onKeyDown={(event) => {
        const move = MOVES[event.key];
        if (!move) return;
        event.preventDefault();
        const { picture, x, y } = chosen ?? middle;
        const within = (n: number, size: number) => Math.max(0, Math.min(size - 1, n));
        onChoose({ picture, x: within(x + move[0], width), y: within(y + move[1], height) });
      }}
    >
      <PictureGrid pictures={pictures} columns={columns} gap={gap} label="" />
      {chosen && (
        <svg viewBox={`0 0 ${extent.join(' ')}`} aria-hidden="true">
          <rect
            x={(chosen.picture % across) * (width + gap) + chosen.x}
            y={Math.floor(chosen.picture / across) * (height + gap) + chosen.y}
            width="1"
            height="1"
          />
        </svg>
      )}
    </button>
  );
}
