import { useCallback, useEffect, useReducer, useState } from "react";
import { type Failure, failureOf } from "../../api";

/** Something that is loaded on its own, and stays while it is loaded anew. */
export interface Resource<T> {
  value: T | undefined;
  /** Why the last attempt failed; an earlier value may still be there. */
  failure: Failure | null;
  loading: boolean;
  reload: () => void;
}

interface State<T> {
  value: T | undefined;
  failure: Failure | null;
  loading: boolean;
}

type News<T> = { loaded: T } | { failed: Failure } | "started";

function next<T>(state: State<T>, news: News<T>): State<T> {
  if (news === "started") return { ...state, loading: true };
  if ("loaded" in news) return { value: news.loaded, failure: null, loading: false };
  return { ...state, failure: news.failed, loading: false };
}

/** Load a thing, and again whenever `load` is another function; null loads nothing. */
export function useResource<T>(load: ((signal: AbortSignal) => Promise<T>) | null): Resource<T> {
  const [state, tell] = useReducer(next<T>, { value: undefined, failure: null, loading: true });
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: an attempt is what loads it once more
  useEffect(() => {
    if (load === null) return;
    const leaving = new AbortController();
    tell("started");
    load(leaving.signal).then(
      (loaded) => !leaving.signal.aborted && tell({ loaded }),
      (thrown: unknown) => !leaving.signal.aborted && tell({ failed: failureOf(thrown) }),
    );
    return () => leaving.abort();
  }, [load, attempt]);
  const reload = useCallback(() => setAttempt((before) => before + 1), []);
  return { ...state, reload };
}
