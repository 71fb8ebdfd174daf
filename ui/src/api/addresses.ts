/**
 * Every address that a page of a runnable asks, worked out from where the page is.
 *
 * `docs/reference/web-pages.md` says what the service puts into the page: its folder as the base,
 * the path of the session, and the hash of a share link.
 */
export class Addresses {
  readonly #base: URL;
  /** The hash of the share link that was opened; empty without one. */
  readonly configHash: string;
  /** Where the session is; null where there is nothing to sign in to. */
  readonly session: URL | null;

  constructor(base: string | URL, configHash = "", signIn = "") {
    this.#base = new URL(base);
    this.configHash = configHash;
    this.session = signIn === "" ? null : this.#own(signIn);
  }

  static ofDocument(page: Document = document): Addresses {
    return new Addresses(page.baseURI, meta(page, "config"), meta(page, "sign-in"));
  }

  /** A path of the runnable that takes no configuration, such as `public_trace_link`. */
  runnable(path: string): URL {
    return this.#own(`../${path}`);
  }

  /** A path of the runnable below a share link's configuration. */
  configured(path: string, configHash: string = this.configHash): URL {
    return this.runnable(configHash === "" ? path : `c/${encodeURIComponent(configHash)}/${path}`);
  }

  /** A file that belongs to the page. */
  page(path: string): URL {
    return this.#own(path);
  }

  #own(path: string): URL {
    const address = new URL(path, this.#base);
    if (address.origin !== this.#base.origin) throw new TypeError(`${address} is elsewhere`);
    return address;
  }
}

function meta(page: Document, name: string): string {
  const element = page.querySelector<HTMLMetaElement>(`meta[name="moorage-${name}"]`);
  return element?.content ?? "";
}
