import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Builder, ByteBuffer, type Offset } from 'flatbuffers';
import type { Plugin } from 'vite';

/** The full-range BlazeFace as @mediapipe/face_detection 0.4.1657300184 ships it. */
const SHIPPED_SHA256 = '99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3';
/** The same with the metadata in front, as this file writes it. */
const FINISHED_SHA256 = '215d076cf79aa9f5150429bc2a34a64cc46a15904c11f3e13e3fa7437973f63f';

/** What `import url from 'virtual:face-model?url'` stands for. */
const MODEL = 'virtual:face-model';

/**
 * Serves the face detector's model. The npm package ships it without the metadata that
 * @mediapipe/tasks-vision wants, so it is made from there, checked, and kept in node_modules/.cache.
 */
export function faceModel(): Plugin {
  let path: string | undefined;
  return {
    name: 'facegrad:face-model',
    enforce: 'pre',
    resolveId(id) {
      if (!id.startsWith(MODEL)) return undefined;
      path ??= makeFaceModel();
      return path + id.slice(MODEL.length);
    },
  };
}

/**
 * Writes the model with its metadata.
 * @returns its path
 * @throws where the package's file is not the one that this was written for
 */
export function makeFaceModel(): string {
  const source = join(
    dirname(createRequire(import.meta.url).resolve('@mediapipe/face_detection/package.json')),
    'face_detection_full_range.tflite',
  );
  const shipped = readFileSync(source);
  expectHash(shipped, SHIPPED_SHA256, source);
  const finished = withMetadata(shipped, inputMetadata());
  const path = join(import.meta.dirname, '../node_modules/.cache/facegrad/face_detection.tflite');
  expectHash(finished, FINISHED_SHA256, path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, finished);
  return path;
}

function expectHash(bytes: Uint8Array, wanted: string, name: string): void {
  const given = createHash('sha256').update(bytes).digest('hex');
  if (given === wanted) return;
  throw new Error(`${name}: expected sha256 ${wanted}, got ${given}`);
}

/**
 * TFLite's metadata (metadata_schema.fbs): one input, an RGB image, x = (byte - 127.5) / 127.5.
 * Fields go by their place in the schema's tables.
 */
function inputMetadata(): Uint8Array {
  const builder = new Builder(512);
  const table = (fields: number, add: () => void): Offset => {
    builder.startObject(fields);
    add();
    return builder.endObject();
  };
  const list = (items: Offset[]): Offset => {
    builder.startVector(4, items.length, 4);
    for (const item of items.reverse()) builder.addOffset(item);
    return builder.endVector();
  };
  const floats = (value: number): Offset => {
    builder.startVector(4, 1, 4);
    builder.addFloat32(value);
    return builder.endVector();
  };
  const [mean, std] = [floats(127.5), floats(127.5)];
  const normalization = table(2, () => {
    builder.addFieldOffset(0, mean, 0);
    builder.addFieldOffset(1, std, 0);
  });
  const processUnit = table(2, () => {
    builder.addFieldInt8(0, 1, 0); // NormalizationOptions
    builder.addFieldOffset(1, normalization, 0);
  });
  const imageProperties = table(2, () => builder.addFieldInt8(0, 1, 0)); // RGB
  const content = table(3, () => {
    builder.addFieldInt8(0, 2, 0); // ImageProperties
    builder.addFieldOffset(1, imageProperties, 0);
  });
  const processUnits = list([processUnit]);
  const name = builder.createString('image');
  const input = table(7, () => {
    builder.addFieldOffset(0, name, 0);
    builder.addFieldOffset(3, content, 0);
    builder.addFieldOffset(4, processUnits, 0);
  });
  const inputs = list([input]);
  const subgraph = table(9, () => builder.addFieldOffset(2, inputs, 0));
  const subgraphs = list([subgraph]);
  const model = table(8, () => builder.addFieldOffset(3, subgraphs, 0));
  builder.finish(model, 'M001');
  return builder.asUint8Array();
}

/** Fields of schema.fbs' table Model, by their place. */
const FIELDS = {
  version: 0,
  operator_codes: 1,
  subgraphs: 2,
  description: 3,
  buffers: 4,
  metadata: 6,
  signature_defs: 7,
};
/** Tensor data must stay where it is aligned. */
const ALIGNMENT = 64;

/**
 * Puts a new root in front of a TFLite file. Offsets in a flatbuffer only point forward, so the new
 * root, its list of buffers and its metadata can refer to the old file, which stays as it is.
 */
export function withMetadata(file: Uint8Array, metadata: Uint8Array): Uint8Array {
  const old = new ByteBuffer(file);
  const root = old.readInt32(0);
  /** Where the old root's field points to, or 0. */
  const target = (field: number): number => {
    const at = old.__offset(root, 4 + 2 * field);
    return at === 0 ? 0 : old.__indirect(root + at);
  };
  if (target(FIELDS.metadata) !== 0) throw new Error('the model has metadata already');
  const buffers = target(FIELDS.buffers);
  const bufferCount = old.readInt32(buffers);

  const front = new Front();
  const fileIdentifier = 0x334c4654; // TFL3
  const toRoot = front.u32(0);
  front.u32(fileIdentifier);
  const table = front.table(8);
  front.patch(toRoot, table.at);
  const versionAt = old.__offset(root, 4);
  table.scalar(FIELDS.version, versionAt === 0 ? 0 : old.readInt32(root + versionAt));

  table.pointTo(FIELDS.buffers, front.u32(bufferCount + 1));
  const toBuffers = Array.from({ length: bufferCount }, () => front.u32(0));
  const toMetadataBuffer = front.u32(0);

  table.pointTo(FIELDS.metadata, front.u32(1));
  const toEntry = front.u32(0);
  const entry = front.table(2);
  front.patch(toEntry, entry.at);
  entry.scalar(1, bufferCount); // its buffer's number
  entry.pointTo(0, front.bytes(new TextEncoder().encode('TFLITE_METADATA'), 1));

  const metadataBuffer = front.table(1);
  front.patch(toMetadataBuffer, metadataBuffer.at);
  front.align(16, 4); // the data begins behind its length
  metadataBuffer.pointTo(0, front.bytes(metadata));
  front.align(ALIGNMENT);

  const shift = front.length;
  for (const name of ['operator_codes', 'subgraphs', 'description', 'signature_defs'] as const) {
    const place = target(FIELDS[name]);
    if (place !== 0) table.pointTo(FIELDS[name], shift + place);
  }
  toBuffers.forEach((at, i) => front.patch(at, shift + old.__indirect(buffers + 4 + 4 * i)));
  return Buffer.concat([front.take(), file]);
}

/** Writes a flatbuffer from front to back; every place is a number of bytes from its begin. */
class Front {
  #view = new DataView(new ArrayBuffer(2 ** 16));
  length = 0;

  u32(value: number): number {
    const at = this.length;
    this.#view.setUint32(at, value, true);
    this.length += 4;
    return at;
  }

  /** A vector of bytes, with zeros behind. */
  bytes(data: Uint8Array, zeros = 0): number {
    const at = this.u32(data.length);
    new Uint8Array(this.#view.buffer).set(data, this.length);
    this.length += data.length + zeros;
    this.align(4);
    return at;
  }

  /** Moves on until `offset` bytes further on is a multiple of `alignment`. */
  align(alignment: number, offset = 0): void {
    while ((this.length + offset) % alignment !== 0) this.length++;
  }

  /** Writes the distance from `at` to `target` at `at`. */
  patch(at: number, target: number): void {
    this.#view.setUint32(at, target - at, true);
  }

  /** A table of 4-byte fields, all absent until they are set, behind its vtable. */
  table(fields: number) {
    const vtable = this.length;
    this.#view.setUint16(vtable, 4 + 2 * fields, true);
    this.#view.setUint16(vtable + 2, 4 + 4 * fields, true);
    this.length += 4 + 2 * fields;
    this.align(4);
    const at = this.u32(0);
    this.#view.setInt32(at, at - vtable, true);
    this.length += 4 * fields;
    const place = (field: number): number => {
      this.#view.setUint16(vtable + 4 + 2 * field, 4 + 4 * field, true);
      return at + 4 + 4 * field;
    };
    return {
      at,
      scalar: (field: number, value: number) => this.#view.setUint32(place(field), value, true),
      pointTo: (field: number, target: number) => this.patch(place(field), target),
    };
  }

  take(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.length);
  }
}
