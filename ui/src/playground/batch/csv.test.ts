import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCsv, separatorOf, writeCsv } from "./csv";

test("quotes hold separators, line ends and doubled quotes", () => {
  const text = 'a,b\r\n"1,2","x ""y""\r\nz"\r\n';
  expect(parseCsv(text).rows).toEqual([
    ["a", "b"],
    ["1,2", 'x "y"\r\nz'],
  ]);
});

test.each(["\n", "\r\n", "\r"])("lines may end with %j, and a last line with nothing", (end) => {
  expect(parseCsv(`a,b${end}1,2${end}${end}3,`).rows).toEqual([
    ["a", "b"],
    ["1", "2"],
    ["3", ""],
  ]);
});

test("a byte order mark is no part of the first header", () => {
  expect(parseCsv("\ufeffa;b\n1;2").rows[0]).toEqual(["a", "b"]);
});

test("the separator is the commonest of the first record", () => {
  expect(separatorOf("a;b;c,d\n,,,,,")).toBe(";");
  expect(separatorOf("a\tb\n")).toBe("\t");
  expect(separatorOf('"a;b;c",d\n')).toBe(",");
  expect(separatorOf("alone")).toBe(",");
});

test("a quote inside a field that did not begin with one is a quote", () => {
  expect(parseCsv('5" disk,ok').rows).toEqual([['5" disk', "ok"]]);
});

test("an empty quoted field is a field", () => {
  expect(parseCsv('a,""\n').rows).toEqual([["a", ""]]);
  expect(parseCsv('x\n"a""b"').rows).toEqual([["x"], ['a"b']]);
});

test("a quote that never ends is told with its line", () => {
  expect(parseCsv('a\nb\n"c\nd').unclosedAt).toBe(3);
  expect(parseCsv("a\nb").unclosedAt).toBeNull();
});

test("what is written is read again as it was", () => {
  const plain = fc.string({ unit: "binary" }).filter((text) => !/^[=+\-@\t\r]/.test(text));
  const rows = fc.array(fc.array(plain, { minLength: 2, maxLength: 4 }), { minLength: 1 });
  fc.assert(
    fc.property(rows, (table) => {
      expect(parseCsv(writeCsv(table), ",").rows).toEqual(
        table.map((row, number) =>
          number === 0 ? [row[0]?.replace(/^\ufeff/, ""), ...row.slice(1)] : row,
        ),
      );
    }),
  );
});

test("a spreadsheet takes no text for a formula, and numbers stay numbers", () => {
  expect(writeCsv([["=1+1", "@x", "-5", "+cmd", "a"]])).toBe("'=1+1,'@x,-5,'+cmd,a\r\n");
});
