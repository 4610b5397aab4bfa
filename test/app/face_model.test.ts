import { readFileSync } from 'node:fs';
import { ByteBuffer } from 'flatbuffers';
import { expect, it } from 'vitest';
import { makeFaceModel, withMetadata } from '../../tools/face_model';

const SHIPPED = 'node_modules/@mediapipe/face_detection/face_detection_full_range.tflite';

/** Where a table's field points to. */
function follow(bytes: ByteBuffer, table: number, field: number): number {
  return bytes.__indirect(table + bytes.__offset(table, 4 + 2 * field));
}

it('puts metadata in front of the detector’s model and leaves the rest as it is', () => {
  const shipped = readFileSync(SHIPPED);
  const finished = readFileSync(makeFaceModel());
  expect(finished.subarray(-shipped.length).equals(shipped)).toBe(true);
  expect((finished.length - shipped.length) % 64).toBe(0);
  const [before, after] = [new ByteBuffer(shipped), new ByteBuffer(finished)];
  const [oldRoot, root] = [before.__indirect(0), after.__indirect(0)];
  const shift = finished.length - shipped.length;
  for (const field of [1, 2]) {
    expect(follow(after, root, field)).toBe(follow(before, oldRoot, field) + shift);
  }
  // One buffer more, and it is what the metadata entry names.
  const [oldBuffers, buffers] = [follow(before, oldRoot, 4), follow(after, root, 4)];
  const count = before.readInt32(oldBuffers);
  expect(after.readInt32(buffers)).toBe(count + 1);
  for (const i of [0, 1, count - 1]) {
    const at = before.__indirect(oldBuffers + 4 + 4 * i);
    expect(after.__indirect(buffers + 4 + 4 * i)).toBe(at + shift);
  }
  const metadata = follow(after, root, 6);
  const entry = after.__indirect(metadata + 4);
  const name = follow(after, entry, 0);
  expect(finished.toString('latin1', name + 4, name + 4 + after.readInt32(name))).toBe(
    'TFLITE_METADATA',
  );
  expect(after.readInt32(entry + after.__offset(entry, 6))).toBe(count);
  const buffer = after.__indirect(buffers + 4 + 4 * count);
  const data = follow(after, buffer, 0);
  expect(finished.toString('latin1', data + 8, data + 12)).toBe('M001');
});

it('refuses a model that has metadata', () => {
  const finished = readFileSync(makeFaceModel());
  expect(() => withMetadata(finished, new Uint8Array(4))).toThrow(/already/);
});
