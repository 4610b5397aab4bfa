import { deflateSync } from 'fflate';
import { crc32 } from '../../src/data/crc32';

/** An entry as it is written, truthfully unless a field says otherwise. */
export interface ZipEntry {
  path: string;
  /** The name's bytes, where they are no UTF-8. */
  name?: Uint8Array;
  /** The extra field, with its headers. */
  extra?: Uint8Array;
  content?: Uint8Array | string;
  /** What the directory says, where it lies. */
  size?: number;
  packedSize?: number;
  crc?: number;
  method?: number;
  flags?: number;
  offset?: number;
  /** Unix mode, in the upper half of the external attributes. */
  mode?: number;
}

const bytesOf = (content: Uint8Array | string = '') =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** A zip written byte by byte, so that it can lie. */
export function zipOf(
  entries: ZipEntry[],
  end: { count?: number; size?: number; offset?: number; comment?: string } = {},
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const entry of entries) {
    const name = entry.name ?? new TextEncoder().encode(entry.path);
    const extra = entry.extra ?? new Uint8Array(0);
    const content = bytesOf(entry.content);
    const method = entry.method ?? 8;
    const packed = method === 8 ? deflateSync(content) : content;
    const fields = (view: DataView, from: number) => {
      view.setUint16(from, entry.flags ?? 0, true);
      view.setUint16(from + 2, method, true);
      view.setUint32(from + 8, entry.crc ?? crc32(content), true);
      view.setUint32(from + 12, entry.packedSize ?? packed.length, true);
      view.setUint32(from + 16, entry.size ?? content.length, true);
      view.setUint16(from + 20, name.length, true);
    };
    const local = new Uint8Array(30 + name.length);
    const localView = new DataView(local.buffer);
    localView.setUint32(0, 0x04034b50, true);
    fields(localView, 6);
    local.set(name, 30);
    const central = new Uint8Array(46 + name.length + extra.length);
    const view = new DataView(central.buffer);
    view.setUint32(0, 0x02014b50, true);
    fields(view, 8);
    view.setUint32(38, (entry.mode ?? 0o100644) * 65536, true);
    view.setUint32(42, entry.offset ?? at, true);
    view.setUint16(30, extra.length, true);
    central.set(name, 46);
    central.set(extra, 46 + name.length);
    parts.push(local, packed);
    at += local.length + packed.length;
    directory.push(central);
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const comment = bytesOf(end.comment);
  const record = new Uint8Array(22 + comment.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, end.count ?? entries.length, true);
  view.setUint16(10, end.count ?? entries.length, true);
  view.setUint32(12, end.size ?? size, true);
  view.setUint32(16, end.offset ?? at, true);
  view.setUint16(20, comment.length, true);
  record.set(comment, 22);
  return joined([...parts, ...directory, record]);
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
