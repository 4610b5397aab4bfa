/**
 * The weights that were trained last in this browser, handed from the Train page to Live and Compare:
 * database `facegrad-weights`, store `files`, key `latest`.
 */
const DATABASE = 'facegrad-weights';
const STORE = 'files';
const KEY = 'latest';

export interface LatestWeights {
  /** A whole .safetensors file. */
  file: Uint8Array<ArrayBuffer>;
  /** When it was kept, as `Date.now()`. */
  time: number;
}

/** Keeps a weights file in place of the last one. */
export async function keepLatestWeights(file: Uint8Array<ArrayBuffer>): Promise<void> {
  const kept: LatestWeights = { file, time: Date.now() };
  await transact('readwrite', (store) => store.put(kept, KEY));
}

/** The weights kept last; undefined where none are, or where this browser keeps nothing. */
export async function latestWeights(): Promise<LatestWeights | undefined> {
  try {
    return (await transact('readonly', (store) => store.get(KEY))) as LatestWeights | undefined;
  } catch {
    return undefined; // private windows may refuse the database
  }
}

async function transact<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await done(open());
  try {
    return await done(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function open(): IDBOpenDBRequest {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return request;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
  });
}
