import { useCallback, useSyncExternalStore } from "react";

export const TABS = ["form", "chat", "batch", "code"] as const;
export type TabName = (typeof TABS)[number];

const CHANGED = "moorage:address";

/** The tab that the address names, and a way to name another; null where it names none. */
export function useTab(): [TabName | null, (tab: TabName) => void] {
  const named = useSyncExternalStore(subscribe, read);
  const choose = useCallback((tab: TabName) => {
    if (tab === read()) return; // A press is told twice: by the pointer and by the focus.
    const address = new URL(location.href);
    address.searchParams.set("tab", tab);
    history.pushState(null, "", address);
    dispatchEvent(new Event(CHANGED));
  }, []);
  return [named, choose];
}

function read(): TabName | null {
  const named = new URLSearchParams(location.search).get("tab");
  return TABS.find((tab) => tab === named) ?? null;
}

function subscribe(listener: () => void): () => void {
  for (const event of ["popstate", CHANGED]) addEventListener(event, listener);
  return () => {
    for (const event of ["popstate", CHANGED]) removeEventListener(event, listener);
  };
}
