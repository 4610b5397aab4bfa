import { useEffect, useRef } from 'preact/hooks';
import type { Pictures } from './protocol';

/**
 * Grey pictures side by side on one canvas, `columns` a row, each pixel drawn as it is.
 * @param label what a screen reader says of it
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
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current!;
    canvas.width = across * (width + gap) - gap;
    canvas.height = down * (height + gap) - gap;
    const context = canvas.getContext('2d')!;
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
  return <canvas ref={ref} class={`pictures ${props.class ?? ''}`} role="img" aria-label={label} />;
}

/** One picture of several, for lists and buttons. */
export function picture({ width, height, pixels }: Pictures, index: number): Pictures {
  const area = width * height;
  return { width, height, pixels: pixels.subarray(index * area, (index + 1) * area) };
}
