import { act, fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { Button, Dialog, IconButton, Menu, Popover } from "./index";

test("a menu loads when it is first used, opens, and acts", async () => {
  const chosen = vi.fn();
  render(<Menu trigger={<Button>More</Button>} items={[{ label: "Delete", onSelect: chosen }]} />);
  expect(screen.getByRole("button", { name: "More" }).getAttribute("aria-haspopup")).toBe("menu");

  fireEvent.click(screen.getByRole("button", { name: "More" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Delete" }));

  expect(chosen).toHaveBeenCalledOnce();
});

test("a popover opens at the first use and tells so", async () => {
  const told = vi.fn();
  render(
    <Popover trigger={<Button>Share</Button>} label="Sharing" onOpenChange={told}>
      inside
    </Popover>,
  );

  fireEvent.click(screen.getByRole("button", { name: "Share" }));

  expect((await screen.findByRole("dialog", { name: "Sharing" })).textContent).toBe("inside");
  expect(told.mock.calls).toEqual([[true]]);
});

test("a dialog follows its state, and stays closed until then", async () => {
  const dialog = (open: boolean) => (
    <Dialog title="Sure?" open={open} onOpenChange={() => undefined}>
      inside
    </Dialog>
  );
  const { rerender } = render(dialog(false));
  expect(screen.queryByRole("dialog")).toBeNull();

  rerender(dialog(true));
  expect(await screen.findByRole("dialog", { name: "Sure?" })).toBeTruthy();

  rerender(dialog(false));
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("a tooltip shows after a while, stays under the pointer, and goes with Escape", () => {
  vi.useFakeTimers();
  try {
    render(<IconButton label="Close" icon={<i />} />);
    const button = screen.getByRole("button", { name: "Close" });

    fireEvent.pointerEnter(button);
    expect(screen.queryByRole("tooltip")).toBeNull();
    act(() => vi.advanceTimersByTime(500));
    fireEvent.pointerLeave(button);
    fireEvent.pointerEnter(screen.getByRole("tooltip"));
    act(() => vi.advanceTimersByTime(500));
    expect(screen.getByRole("tooltip").textContent).toBe("Close");

    fireEvent.keyDown(document.body, { key: "Escape" });
    expect(screen.queryByRole("tooltip")).toBeNull();
  } finally {
    vi.useRealTimers();
  }
});
