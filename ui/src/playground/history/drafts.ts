/** What was typed and chosen, before it was run. */
export interface Draft {
  input?: unknown;
  config?: Record<string, unknown>;
  method?: string;
}

/** The largest draft that is kept, in characters of JSON. */
export const LARGEST_DRAFT = 500_000;

/**
 * Keeps the draft of one runnable: this tab's in the session storage, so that tabs do not write
 * over each other's, and the last one of any tab in the local storage, for the next tab.
 */
export class Drafts {
  readonly #key: string;
  readonly #stores: () => [session: Storage, local: Storage];

  constructor(
    runnable: string,
    stores: () => [Storage, Storage] = () => [sessionStorage, localStorage],
  ) {
    this.#key = `moorage.draft ${runnable}`;
    this.#stores = stores;
  }

  /** The draft of this tab, or else the last one of any. */
  read(): Draft | null {
    try {
      for (const store of this.#stores()) {
        const text = store.getItem(this.#key);
        if (text !== null) return asDraft(JSON.parse(text));
      }
    } catch {
      // Storage is switched off, or holds what is no draft: begin afresh.
    }
    return null;
  }

  /** Keep a draft; tells whether the browser did. */
  write(draft: Draft): boolean {
    const text = JSON.stringify(draft);
    if (text.length > LARGEST_DRAFT) return false;
    try {
      for (const store of this.#stores()) store.setItem(this.#key, text);
      return true;
    } catch {
      return false; // Full, or switched off; the caller says so.
    }
  }
}

function asDraft(value: unknown): Draft | null {
  if (typeof value !== "object" || value === null) return null;
  const { config, method, ...rest } = value as Record<string, unknown>;
  const fits = typeof config === "object" && config !== null && !Array.isArray(config);
  return {
    ...("input" in rest ? { input: rest.input } : {}),
    ...(fits ? { config: config as Record<string, unknown> } : {}),
    ...(typeof method === "string" ? { method } : {}),
  };
}
