/**
 * The run that this browser keeps: the checkpoint with the curves, and the data where it cannot be drawn
 * again. A record is one write of IndexedDB, which happens whole or not at all, also when the tab dies.
 */
import type { ImageSet, SequenceSet } from '../../src/data/dataset';
import type { DataKind } from '../../src/train/usual';
import type { RunRecord } from './protocol';

const DATABASE = 'facegrad-run';
const STORE = 'run';

export interface LoadedData {
  kind: DataKind;
  training: ImageSet | SequenceSet;
  validation?: ImageSet | SequenceSet;
  /** What was left out when it was read. */
  notes?: string[];
}

export interface KeptRun {
  record: RunRecord;
  checkpoint: Uint8Array;
  /** Times that it was gone on with since the checkpoint was written: a crash loop must end. */
  resumes: number;
}

type Key = 'run' | 'data';

export class RunStore {
  #database?: Promise<IDBDatabase>;

  async put(key: 'run', value: KeptRun): Promise<void>;
  async put(key: 'data', value: LoadedData | { kind: 'synthetic'; faces: number }): Promise<void>;
  async put(key: Key, value: unknown): Promise<void> {
    const database = await this.#open();
    const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
    transaction.objectStore(STORE).put(value, key);
    await finished(transaction);
  }

  run(): Promise<KeptRun | undefined> {
    return this.#get('run') as Promise<KeptRun | undefined>;
  }

  data(): Promise<LoadedData | { kind: 'synthetic'; faces: number } | undefined> {
    return this.#get('data') as ReturnType<RunStore['data']>;
  }

  async clear(): Promise<void> {
    const transaction = (await this.#open()).transaction(STORE, 'readwrite');
    transaction.objectStore(STORE).clear();
    await finished(transaction);
  }

  async #get(key: Key): Promise<unknown> {
    const transaction = (await this.#open()).transaction(STORE, 'readonly');
    const request = transaction.objectStore(STORE).get(key);
    await finished(transaction);
    return request.result;
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error!);
    });
    // A private window may refuse once and allow later.
    this.#database.catch(() => (this.#database = undefined));
    return this.#database;
  }
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () =>
      reject(transaction.error ?? new Error('the browser’s storage refused it'));
  });
}
