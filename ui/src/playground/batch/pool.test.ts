import { expect, test } from "vitest";
import { Pool, type Row, retried, tally } from "./pool";

interface Started {
  index: number;
  finish: (output: string) => void;
  fail: (reason: Error) => void;
}

/** Rows that end when the test says so. */
function bench(count: number, concurrency: number) {
  const started: Started[] = [];
  const seen: string[] = [];
  const waiting = (): Row<string, string> => ({ state: "waiting" });
  const pool = new Pool<string, string>({
    rows: Array.from({ length: count }, waiting),
    concurrency,
    run: (index, signal) =>
      new Promise<string>((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        started.push({ index, finish: resolve, fail: reject });
      }),
    describe: (thrown) => (thrown instanceof Error ? thrown.message : "?"),
    onChange: (rows) => seen.push(rows.map((row) => row.state.charAt(0)).join("")),
    now: () => 5,
  });
  return { pool, started, seen };
}

const settled = () => new Promise<void>((resolve) => setTimeout(resolve));

test("no more rows run at once than allowed, and each tells its state", async () => {
  const { pool, started, seen } = bench(3, 2);
  const done = pool.run();
  expect(started.map((each) => each.index)).toEqual([0, 1]);
  started[1]?.finish("one");
  await settled();
  expect(started.map((each) => each.index)).toEqual([0, 1, 2]);
  started[0]?.finish("zero");
  started[2]?.fail(new Error("broken"));
  expect(await done).toEqual([
    { state: "done", output: "zero", took: 0 },
    { state: "done", output: "one", took: 0 },
    { state: "failed", error: "broken", took: 0 },
  ]);
  expect(seen).toContain("rdw");
});

test("stop ends what runs, starts nothing more, and keeps what is done", async () => {
  const { pool, started } = bench(4, 2);
  const done = pool.run();
  started[0]?.finish("zero");
  await settled();
  pool.stop();
  const rows = await done;
  expect(rows.map((row) => row.state)).toEqual(["done", "stopped", "stopped", "stopped"]);
  expect(started).toHaveLength(3);
});

test("only what failed or was stopped is tried again", async () => {
  const rows: Row<string, string>[] = [
    { state: "done", output: "kept" },
    { state: "failed", error: "x" },
    { state: "stopped" },
    { state: "unreadable", error: "line" },
  ];
  expect(retried(rows).map((row) => row.state)).toEqual([
    "done",
    "waiting",
    "waiting",
    "unreadable",
  ]);
  expect(tally(rows)).toMatchObject({ done: 1, failed: 1, stopped: 1, unreadable: 1, waiting: 0 });
});

test("a pool without work ends at once", async () => {
  expect(await bench(0, 5).pool.run()).toEqual([]);
});
