import fc from "fast-check";
import { decompressFromEncodedURIComponent } from "lz-string";
import { expect, test } from "vitest";
import { configHash, sharedInput, shareLink } from "./links";

const runnable = new URL("http://host/api/agent/");

test("the configuration is in the path, in the form of LangServe", () => {
  const link = shareLink({ runnable, config: { configurable: { temperature: 0.5 } } });
  const url = new URL("url" in link ? link.url : "");
  const hash = /^\/api\/agent\/c\/([^/]+)\/playground\/$/.exec(url.pathname)?.[1] ?? "";
  expect(JSON.parse(decompressFromEncodedURIComponent(hash))).toEqual({
    configurable: { temperature: 0.5 },
  });
  expect(url.hash).toBe("");
});

test("an empty configuration needs no hash", () => {
  expect(shareLink({ runnable, config: {} })).toEqual({
    url: "http://host/api/agent/playground/",
  });
});

test("hashes use the alphabet that the service reads", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (config) => {
      expect(configHash(config)).toMatch(/^[A-Za-z0-9+$-]+$/);
    }),
  );
});

test("the input comes back out of the fragment, whatever it is", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (input) => {
      const link = shareLink({ runnable, config: {}, input });
      if (!("url" in link)) throw new Error("too long");
      expect(sharedInput(new URL(link.url).hash)).toEqual(JSON.parse(JSON.stringify(input)));
    }),
  );
});

test("what is too long for a link is said, not cut", () => {
  const noise = Array.from({ length: 40_000 }, (_, i) => String.fromCharCode(33 + ((i * i) % 9e3)));
  const text = noise.join("");
  expect(shareLink({ runnable, config: {}, input: text })).toEqual({ tooLong: "input" });
  expect(shareLink({ runnable, config: { configurable: { text } } })).toEqual({
    tooLong: "config",
  });
});

test.each(["", "#", "#other", "#input=", "#input=%%%", "#input=N4IgLg", "#input=AAAA"])(
  "a fragment that says nothing is ignored: %s",
  (fragment) => {
    expect(sharedInput(fragment)).toBeUndefined();
  },
);
