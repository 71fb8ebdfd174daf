import { bounded, type RunRecord, surplus } from "./record";

const DATABASE = "moorage-playground";
const VERSION = 1;
const RUNS = "runs";
const BY_RUNNABLE = "runnable";

/**
 * The runs that this browser keeps, in IndexedDB. Every method fails where the browser keeps
 * nothing, as in some private windows, or has no more room; callers say so and go on.
 */
export class History {
  readonly #runnable: string;
  #database: Promise<IDBDatabase> | null = null;

  constructor(runnable: string) {
    this.#runnable = runnable;
  }

  /** The runs of this runnable, newest first. */
  async list(): Promise<RunRecord[]> {
    const runs = await this.#runs("readonly");
    const records = await answer<RunRecord[]>(runs.index(BY_RUNNABLE).getAll(this.#runnable));
    return records.sort((one, other) => other.startedAt - one.startedAt);
  }

  /** Keep a run, and let go of the oldest that are too many. */
  async add(record: RunRecord): Promise<void> {
    const runs = await this.#runs("readwrite");
    await answer(runs.put({ ...bounded(record), runnable: this.#runnable }));
    const kept = await answer<RunRecord[]>(runs.index(BY_RUNNABLE).getAll(this.#runnable));
    for (const id of surplus(kept)) await answer(runs.delete(id));
  }

  async remove(id: string): Promise<void> {
    await answer((await this.#runs("readwrite")).delete(id));
  }

  async clear(): Promise<void> {
    const runs = await this.#runs("readwrite");
    const ids = await answer(runs.index(BY_RUNNABLE).getAllKeys(this.#runnable));
    for (const id of ids) await answer(runs.delete(id));
  }

  async #runs(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    this.#database ??= open();
    try {
      return (await this.#database).transaction(RUNS, mode).objectStore(RUNS);
    } catch (thrown) {
      this.#database = null; // Closed by the browser, or by a newer page: open it anew next time.
      throw thrown;
    }
  }
}

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, VERSION);
  request.onupgradeneeded = () => {
    const runs = request.result.createObjectStore(RUNS, { keyPath: "id" });
    runs.createIndex(BY_RUNNABLE, "runnable");
  };
  const database = await answer(request);
  // A later version of this page must not wait for this one.
  database.onversionchange = () => database.close();
  return database;
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's database failed"));
  });
}
