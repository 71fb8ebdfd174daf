import { expect, test } from "vitest";
import { Addresses } from "./addresses";

function page(base: string, head = ""): Document {
  const text = `<!doctype html><head><base href="${base}">${head}</head>`;
  return new DOMParser().parseFromString(text, "text/html");
}

test.each([
  ["http://x.test/playground/", "http://x.test/invoke"],
  ["http://x.test/agent/playground/", "http://x.test/agent/invoke"],
  ["https://x.test:8443/a/b%20c/playground/", "https://x.test:8443/a/b%20c/invoke"],
])("below %s a runnable is at %s", (base, address) => {
  expect(new Addresses(base).configured("invoke").href).toBe(address);
});

test("a share link's configuration goes into the addresses that take one", () => {
  const addresses = new Addresses("http://x.test/agent/playground/", "N4+/x$-");

  expect(addresses.configured("stream").pathname).toBe("/agent/c/N4%2B%2Fx%24-/stream");
  expect(addresses.configured("stream", "").pathname).toBe("/agent/stream");
  expect(addresses.configured("stream", "abc").pathname).toBe("/agent/c/abc/stream");
  expect(addresses.page("feedback.json").pathname).toBe("/agent/playground/feedback.json");
  expect(addresses.runnable("public_trace_link").pathname).toBe("/agent/public_trace_link");
});

test("a page says what the service put into it", () => {
  const head =
    '<meta name="moorage-sign-in" content="/api/session"><meta name="moorage-config" content="abc">';
  const addresses = Addresses.ofDocument(page("http://x.test/api/agent/playground/", head));

  expect(addresses.session?.href).toBe("http://x.test/api/session");
  expect(addresses.configHash).toBe("abc");
  expect(addresses.configured("invoke").pathname).toBe("/api/agent/c/abc/invoke");
});

test("without those lines there is no session and no configuration", () => {
  const addresses = Addresses.ofDocument(page("http://x.test/agent/playground/"));

  expect(addresses.session).toBeNull();
  expect(addresses.configHash).toBe("");
});

test("no address leads to another origin", () => {
  const base = "http://x.test/agent/playground/";
  expect(() => new Addresses(base, "", "//evil.test/session")).toThrow(TypeError);
  expect(() => new Addresses(base).page("https://evil.test/")).toThrow(TypeError);
});
