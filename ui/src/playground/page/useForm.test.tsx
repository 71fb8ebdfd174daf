import { act, renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { formModel } from "../../schema";
import { type KeptForm, useForm } from "./useForm";

const person = formModel({
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer", default: 3 } },
  required: ["name"],
});
const older = formModel({
  type: "object",
  properties: { name: { type: "string" }, city: { type: "string", default: "Bonn" } },
});

function form(kept: KeptForm | null = null) {
  return renderHook(({ model }) => useForm(model, kept), { initialProps: { model: person } });
}

test("a form starts with its defaults, and can go back to them", () => {
  const { result } = form();
  expect(result.current.untouched).toBe(true);
  act(() => result.current.fill({ name: "Ann", age: 4 }));
  expect(result.current.json).toEqual({ name: "Ann", age: 4 });
  expect(result.current.untouched).toBe(false);
  act(() => result.current.reset());
  expect(result.current.untouched).toBe(true);
});

test("another schema keeps the fields that it has too", () => {
  const { result, rerender } = form();
  act(() => result.current.fill({ name: "Ann", age: 4 }));
  rerender({ model: older });
  expect(result.current.json).toEqual({ name: "Ann", city: "Bonn" });
});

test("what was kept comes back as it was typed", () => {
  const before = form();
  act(() =>
    before.result.current.change({
      is: "object",
      rest: {},
      fields: { name: { is: "raw", text: '{"half' }, age: { is: "typed", text: "4." } },
    }),
  );
  const { value, json } = before.result.current;
  const kept = JSON.parse(JSON.stringify({ value, json })) as KeptForm;
  expect(form(kept).result.current.value).toEqual(value);
});

test("what was kept under another schema is taken apart anew", () => {
  const odd = { is: "plain", json: "no person" };
  const { result } = form({ value: odd, json: { name: "Ann" } });
  expect(result.current.json).toMatchObject({ name: "Ann" });
});
