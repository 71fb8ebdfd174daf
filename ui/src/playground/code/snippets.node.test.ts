import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { javaScriptLiteral, pythonLiteral, shellWord } from "./literals";
import {
  type Call,
  type CallOf,
  curl,
  javaScriptFetch,
  javaScriptLangChain,
  python,
} from "./snippets";

const HOSTILE = {
  text: `it's "quoted" \\ $HOME \`id\` \${x} \n\r\t\u0000\u2028\u202e </script> 日本 😀`,
  none: null,
  yes: true,
  no: false,
  list: [1, -0.5, 1e21, []],
  empty: {},
};
const CALLS: Call[] = ["invoke", "stream", "batch", "events"];

function call(over: Partial<CallOf> = {}): CallOf {
  return {
    runnable: new URL("http://127.0.0.1:8000/it's/"),
    call: "invoke",
    input: HOSTILE,
    config: { configurable: { "temp erature": 0.5 } },
    credential: false,
    ...over,
  };
}

function shell(script: string): string {
  return execFileSync("sh", ["-c", script], { encoding: "utf8", env: { HOME: "/nowhere" } });
}

test("a shell takes the word for the very text", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }).filter((text) => !/[\0\ud800-\udfff]/.test(text)),
      (text) => {
        expect(shell(`printf %s ${shellWord(text)}`)).toBe(text);
      },
    ),
    { numRuns: 20 },
  );
});

test("a shell sends exactly the body, and the address survives a quote", () => {
  const said = shell(`curl() { printf '%s\\n' "$@"; }\n${curl(call({ credential: true }))}`);
  const sent = said.slice(said.indexOf("--data-raw\n") + "--data-raw\n".length);
  expect(JSON.parse(sent)).toEqual({
    input: HOSTILE,
    config: { configurable: { "temp erature": 0.5 } },
  });
  expect(said).toContain("\nhttp://127.0.0.1:8000/it's/invoke\n");
});

test("JavaScript reads the literal as the value, a key named __proto__ too", () => {
  const values = [HOSTILE, ...fc.sample(fc.jsonValue(), 60)].map(
    (value) => JSON.parse(JSON.stringify(value)) as unknown,
  );
  expect(evaluated(`[${values.map((value) => javaScriptLiteral(value)).join(", ")}]`)).toEqual(
    values,
  );
  const sly: unknown = JSON.parse('{"__proto__": {"admin": true}}');
  const read = evaluated(javaScriptLiteral(sly)) as Record<string, unknown>;
  expect(Object.keys(read)).toEqual(["__proto__"]);
  expect(read.admin).toBeUndefined();
});

test("Python reads the literals as the values", () => {
  const values = [
    HOSTILE,
    ...fc.sample(fc.jsonValue(), 60).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  ];
  const pairs = values.map(
    (value) => `(${pythonLiteral(value)}, ${pythonLiteral(JSON.stringify(value))})`,
  );
  const program = `import json\nfor value, text in [\n${pairs.join(",\n")},\n]:\n    assert value == json.loads(text), (value, text)\nprint("alike")\n`;
  expect(execFileSync("python3", ["-"], { input: program, encoding: "utf8" })).toBe("alike\n");
});

test.each(CALLS)("the programs for %s are programs", (name) => {
  for (const credential of [true, false]) {
    const asked = call({ call: name, credential });
    const program = `import ast, sys; ast.parse(sys.stdin.read())`;
    execFileSync("python3", ["-c", program], { input: python(asked) });
    for (const script of [javaScriptFetch(asked), javaScriptLangChain(asked)]) {
      execFileSync(process.execPath, ["--input-type=module", "--check", "-"], { input: script });
    }
  }
});

test.each(CALLS)("code for %s never holds a key, only where one comes from", (name) => {
  const asked = call({ call: name, credential: true });
  expect(curl(asked)).toContain('"Authorization: Bearer $MOORAGE_API_KEY"');
  expect(python(asked)).toContain("os.environ['MOORAGE_API_KEY']");
  expect(javaScriptFetch(asked)).toContain("process.env.MOORAGE_API_KEY");
  expect(javaScriptLangChain(asked)).toContain("process.env.MOORAGE_API_KEY");
  const open = call({ call: name });
  for (const text of [curl, python, javaScriptFetch, javaScriptLangChain].map((f) => f(open))) {
    expect(text).not.toContain("MOORAGE_API_KEY");
  }
});

test("an empty configuration is left out", () => {
  const open = call({ config: {}, input: "x" });
  for (const text of [curl, python, javaScriptFetch, javaScriptLangChain].map((f) => f(open))) {
    expect(text).not.toContain("config");
  }
});

test("signs that hide or turn text are written as escapes", () => {
  expect(pythonLiteral("a\u202eb")).toBe('"a\\u202eb"');
  expect(javaScriptLiteral("a\u200bb\u2028")).toBe('"a\\u200bb\\u2028"');
});

function evaluated(literal: string): unknown {
  return JSON.parse(
    execFileSync(process.execPath, ["-p", `JSON.stringify((${literal}))`], { encoding: "utf8" }),
  ) as unknown;
}
