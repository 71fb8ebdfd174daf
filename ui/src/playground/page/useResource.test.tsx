import { act, renderHook, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { useResource } from "./useResource";

/** Something that is loaded when the test says so. */
function source() {
  const asked: { signal: AbortSignal; give: (text: string) => void; fail: (why: Error) => void }[] =
    [];
  const load = (signal: AbortSignal) =>
    new Promise<string>((give, fail) => {
      asked.push({ signal, give, fail });
    });
  return { asked, load };
}

test("it is loading, then there; a failure keeps what was there before", async () => {
  const { asked, load } = source();
  const { result } = renderHook(() => useResource(load));
  expect(result.current).toMatchObject({ loading: true, value: undefined, failure: null });
  asked[0]?.give("one");
  await waitFor(() => expect(result.current).toMatchObject({ loading: false, value: "one" }));
  act(() => result.current.reload());
  expect(result.current).toMatchObject({ loading: true, value: "one" });
  asked[1]?.fail(new Error("broken"));
  await waitFor(() => expect(result.current.failure?.detail).toBe("broken"));
  expect(result.current.value).toBe("one");
});

test("an answer that comes too late is not taken for the newer one", async () => {
  const first = source();
  const second = source();
  const { result, rerender } = renderHook(({ load }) => useResource(load), {
    initialProps: { load: first.load },
  });
  rerender({ load: second.load });
  expect(first.asked[0]?.signal.aborted).toBe(true);
  second.asked[0]?.give("new");
  first.asked[0]?.give("old");
  await waitFor(() => expect(result.current.value).toBe("new"));
});
