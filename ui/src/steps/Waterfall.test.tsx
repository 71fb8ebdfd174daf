import { fireEvent, render, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import agent from "../../recordings/agent.sse?raw";
import type { StepEvent } from "../api";
import { dataOf } from "../api/testing";
import { ToastProvider } from "../design";
import { endOf, idleOf, parentsOf, shownSteps } from "./rows";
import { duration } from "./time";
import { type Step, StepTree } from "./tree";
import { Waterfall } from "./Waterfall";

function stepsOf(recording: string): readonly Step[] {
  const tree = new StepTree();
  dataOf(recording).forEach((event, at) => {
    tree.take(event as StepEvent, at * 10);
  });
  return tree.steps;
}

function chain(count: number): Step[] {
  const tree = new StepTree();
  const event = { data: {}, name: "step" };
  tree.take({ ...event, event: "on_chain_start", run_id: "0" }, 0);
  for (let at = 1; at < count; at += 1) {
    const step = { ...event, run_id: String(at), parent_ids: ["0"] };
    tree.take({ ...step, event: "on_tool_start" }, at);
    tree.take({ ...step, event: "on_tool_end" }, at + 1);
  }
  tree.close(count, null);
  return [...tree.steps];
}

function show(steps: readonly Step[]) {
  render(<Waterfall steps={steps} active={false} />, { wrapper: ToastProvider });
  return screen.getByRole("treegrid", { name: "Steps" });
}

/** The names of the rows that are shown, without that of the columns. */
function names(grid: HTMLElement): (string | undefined)[] {
  const rows = within(grid).getAllByRole("row").slice(1);
  return rows.map((row) => within(row).getAllByRole("gridcell")[0]?.textContent);
}

function active(grid: HTMLElement): string | undefined {
  const id = grid.getAttribute("aria-activedescendant");
  const row = within(grid)
    .getAllByRole("row")
    .find((one) => one.id === id);
  return row?.querySelector("[title]")?.textContent ?? undefined;
}

test("arrows lead through the tree, and fold it", () => {
  const grid = show(stepsOf(agent));
  const press = (key: string) => fireEvent.keyDown(grid, { key });

  press("ArrowDown");
  expect(active(grid)).toBe("/r");
  press("ArrowDown");
  press("ArrowRight");
  expect(active(grid)).toBe("ScriptedChatModel");
  press("ArrowLeft");
  expect(active(grid)).toBe("model");
  press("ArrowLeft");
  expect(names(grid)).toHaveLength(6);
  press("ArrowRight");
  expect(names(grid)).toHaveLength(7);
  press("End");
  expect(active(grid)).toBe("ScriptedChatModel");
  press("Home");
  press("Enter");
  expect(names(grid)).toEqual(["chain/r"]);
});

test("rows tell screen readers their level, their state and their place", () => {
  const [, root, model] = within(show(stepsOf(agent))).getAllByRole("row");

  expect(root?.getAttribute("aria-level")).toBe("1");
  expect(root?.getAttribute("aria-expanded")).toBe("true");
  expect(root?.getAttribute("aria-rowindex")).toBe("2");
  expect(model?.getAttribute("aria-level")).toBe("2");
  expect(model?.textContent).toContain("began after 10 ms");
});

test("the chosen step shows what went in, what came out, and its tokens", async () => {
  const grid = show(stepsOf(agent));
  fireEvent.click(within(grid).getAllByText("ScriptedChatModel")[0] ?? grid);
  const details = screen.getByRole("region", { name: "Step ScriptedChatModel" });

  expect(within(details).getByText("3 in, 3 out")).toBeTruthy();
  expect(await within(details).findByText("Let me look.")).toBeTruthy();
  fireEvent.click(within(details).getByRole("button", { name: "Input" }));
  expect(within(details).getByText("Weather in Köln?")).toBeTruthy();
});

test("of many steps only those in sight are in the page", () => {
  const grid = show(chain(1_000));

  expect(grid.getAttribute("aria-rowcount")).toBe("1001");
  expect(within(grid).getAllByRole("row").length).toBeLessThan(100);
});

test("a step knows how long it did nothing but wait", () => {
  const steps = stepsOf(agent);
  const tools = steps[3];
  const tool = steps[4];
  if (!tools || !tool) throw new Error("the recording has other steps");
  const busy = (tool.end ?? 0) - tool.start;

  expect(idleOf(tools, steps, 0)).toBe((tools.end ?? 0) - tools.start - busy);
  expect(idleOf(tool, steps, 0)).toBeNull();
});

test("steps at the same time are not counted twice", () => {
  const [root, ...tools] = chain(3);
  if (!root) throw new Error("there is no step");
  const both = tools.map((tool) => ({ ...tool, start: 1, end: 2 }));
  expect(idleOf(root, [root, ...both], 0)).toBe(2);
});

test("a folded step hides all below it and nothing else", () => {
  const steps = stepsOf(agent);
  const model = steps[1]?.id ?? "";

  expect(shownSteps(steps, new Set([model])).map(({ depth }) => depth)).toEqual([0, 1, 1, 2, 1, 2]);
  expect(parentsOf(steps).size).toBe(4);
  expect(endOf([], 5)).toBe(0);
});

test.each([
  [0.4, "0 ms"],
  [999, "999 ms"],
  [1_840, "1.84 s"],
  [12_345, "12.3 s"],
  [59_990, "1 min 0 s"],
  [185_000, "3 min 5 s"],
])("%d ms are %s", (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

test("a long gap is folded, and can be shown as long as it was", () => {
  const [root, early, late] = chain(3);
  if (!root || !early || !late) throw new Error("there are no steps");
  const grid = show([
    { ...root, start: 0, end: 60_000 },
    { ...early, start: 0, end: 1_000 },
    { ...late, start: 59_000, end: 60_000 },
  ]);
  const widthOfEarly = () => {
    const bar = within(grid).getAllByRole("row")[2]?.querySelector<HTMLElement>("[style*=width]");
    return Number.parseFloat(bar?.style.width ?? "");
  };

  expect(widthOfEarly()).toBeGreaterThan(40);
  fireEvent.click(screen.getByRole("checkbox", { name: "Fold the gap of 58.0 s" }));
  expect(widthOfEarly()).toBeLessThan(2);
});

test("where nothing waited there is nothing to fold", () => {
  show(stepsOf(agent));

  expect(screen.queryByRole("checkbox")).toBeNull();
});
