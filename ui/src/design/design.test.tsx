import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { Field, JsonTree, Segmented, TextInput } from "./index";

test("a field ties its label, description and error to its control", () => {
  render(
    <Field label="Name" description="As in your passport" error="is missing" required>
      {(control) => <TextInput {...control} />}
    </Field>,
  );

  const control = screen.getByRole("textbox", { name: "Name" });
  const described = (control.getAttribute("aria-describedby") ?? "").split(" ");
  expect(described.map((id) => document.getElementById(id)?.textContent)).toEqual([
    "As in your passport",
    "is missing",
  ]);
  expect(control.getAttribute("aria-invalid")).toBe("true");
});

test("a segmented choice is a radio group that tells what was chosen", () => {
  const chosen = vi.fn();
  render(
    <Segmented
      label="Method"
      value="stream"
      onValueChange={chosen}
      options={[
        { value: "stream", label: "Stream" },
        { value: "invoke", label: "Invoke" },
      ]}
    />,
  );

  fireEvent.click(screen.getByRole("radio", { name: "Invoke" }));

  expect(chosen.mock.calls).toEqual([["invoke"]]);
  expect(screen.getByRole("radio", { name: "Stream" }).getAttribute("aria-checked")).toBe("true");
});

test("a tree shows hostile text as text, and long lists in parts", () => {
  const hostile = "<img src=x onerror=alert(1)>";
  render(<JsonTree label="Output" value={{ [hostile]: hostile, many: Array(250).fill(0) }} />);

  expect(document.querySelector("img")).toBeNull();
  expect(screen.getByText(JSON.stringify(hostile))).toBeTruthy();
  expect(screen.getAllByText("0")).toHaveLength(100);
  fireEvent.click(screen.getByRole("button", { name: "Show 100 more" }));
  expect(screen.getAllByText("0")).toHaveLength(200);
});
