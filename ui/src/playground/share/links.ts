import { compressToEncodedURIComponent, decompressFromEncodedURIComponent } from "lz-string";

/** The longest hash that the service decodes. */
export const LONGEST_HASH = 16_384;
/** The longest input in a link: mail programs and chats cut what is longer. */
const LONGEST_FRAGMENT = 32_768;
const INPUT = "input=";

export type ShareLink = { url: string } | { tooLong: "config" | "input" };

export interface Shared {
  runnable: URL;
  config: Readonly<Record<string, unknown>>;
  /** Leave it out to share the configuration alone. */
  input?: unknown;
}

/**
 * Make a link to this page that brings the configuration along, as LangServe's does, and the input
 * too if there is one. The input stands behind `#`, which browsers never send to a server.
 */
export function shareLink(shared: Shared): ShareLink {
  const hash = configHash(shared.config);
  if (hash.length > LONGEST_HASH) return { tooLong: "config" };
  const url = new URL(hash === "" ? "playground/" : `c/${hash}/playground/`, shared.runnable);
  if ("input" in shared && shared.input !== undefined) {
    const fragment = INPUT + compressToEncodedURIComponent(JSON.stringify(shared.input));
    if (fragment.length > LONGEST_FRAGMENT) return { tooLong: "input" };
    url.hash = fragment;
  }
  return { url: url.href };
}

/** The hash that stands for a configuration in an address; nothing for an empty one. */
export function configHash(config: Readonly<Record<string, unknown>>): string {
  if (Object.keys(config).length === 0) return "";
  return compressToEncodedURIComponent(JSON.stringify(config));
}

/** The input in the fragment of an address, or undefined: a link may say anything. */
export function sharedInput(fragment: string): unknown {
  const text = fragment.replace(/^#/, "");
  if (!text.startsWith(INPUT) || text.length > LONGEST_FRAGMENT) return undefined;
  try {
    const json: unknown = decompressFromEncodedURIComponent(text.slice(INPUT.length));
    return typeof json === "string" ? JSON.parse(json) : undefined;
  } catch {
    return undefined;
  }
}
