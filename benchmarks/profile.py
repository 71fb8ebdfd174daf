"""Where a request's time goes, without sockets: microseconds of CPU time per request, a profile.

``python -m benchmarks.profile lambda`` compares the bare runnable with the peers, in turn.
``python -m benchmarks.profile lambda --profile`` also profiles moorage (or ``--peer``).

Run as a module: as a script, its folder would come first on ``sys.path`` and this file would
take the place of the standard library's ``profile``.
"""

import argparse
import asyncio
import cProfile
import operator
import os
import pstats
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, redirect_stdout
from pathlib import Path
from statistics import median
from typing import IO, Any

import uvloop

from benchmarks.cases import CASES, HOST_ONLY, Case
from benchmarks.inprocess import Caller, running
from benchmarks.peers import PEERS, Peer
from benchmarks.report import LIMIT, markdown

PROFILED = CASES | HOST_ONLY
BARE = "bare runnable"
BLOCK_SECONDS = 0.05
PROFILE_LINES = 45
FILES = 25
BUILT_IN = "~"

DEFAULT_PEERS = [name for name in PEERS if name != "langserve"]  # its banner, its time

Call = Callable[[], Awaitable[Any]]


async def compare(case: Case, peers: list[str], rounds: int, out: IO[str]) -> None:
    """Print the time of a request for the bare runnable and each peer, and what it adds."""
    async with AsyncExitStack() as stack:
        calls = {BARE: _bare(case)}
        for name in peers:
            calls[name] = await stack.enter_async_context(_calling(PEERS[name], case))
        repeats = {name: await _calls_per_block(call) for name, call in calls.items()}
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name, call in calls.items():
                times[name].append(await _microseconds(call, repeats[name]))
    print(f"\n{case.name}: {case.title}; {rounds} rounds, in turn\n\n{_table(times)}", file=out)


async def profile(case: Case, peer: Peer, requests: int, out: IO[str]) -> pstats.Stats:
    """Record in which functions the time of requests is spent; ``out`` is where that is printed."""
    async with _calling(peer, case) as call:
        await _microseconds(call, requests // 10 or 1)
        profiler = cProfile.Profile()
        profiler.enable()
        await _microseconds(call, requests)
        profiler.disable()
    print(f"\n{peer.name}, {requests} requests of {case.name}\n", file=out)
    return pstats.Stats(profiler, stream=out)


def _bare(case: Case) -> Call:
    runnable = next(reversed(case.mounts().values()))
    if case.operation == "batch":
        return lambda: runnable.abatch(case.value)
    if case.operation == "invoke":
        return lambda: runnable.ainvoke(case.value)

    async def stream() -> None:
        async for _ in runnable.astream(case.value):
            pass

    return stream


@asynccontextmanager
async def _calling(peer: Peer, case: Case) -> AsyncIterator[Call]:
    app = peer.create(case.mounts())
    async with running(app) as state:
        caller = Caller(app, case, state)
        status, body = await caller.answer()
        if status != 200 or case.read(body) != await case.expected():
            raise SystemExit(f"{peer.name} answered {status} {body[:2000]!r}")
        yield caller


async def _calls_per_block(call: Call) -> int:
    """How many calls take about as long as a block should; warms the path up as it counts."""
    repeats = 1
    while (took := await _microseconds(call, repeats) * repeats / 1e6) < BLOCK_SECONDS / 4:
        repeats *= 2
    return max(1, round(repeats * BLOCK_SECONDS / took))


async def _microseconds(call: Call, repeats: int) -> float:
    """CPU time, so that other processes on the machine disturb less."""
    started = time.process_time()
    for _ in range(repeats):
        await call()
    return (time.process_time() - started) / repeats * 1e6


def _table(times: dict[str, list[float]]) -> str:
    rows = [["", "us per request, median", "lowest", f"over {BARE}", f"over {LIMIT}"]]
    for name, numbers in times.items():
        over = [_over(numbers, times.get(other)) for other in (BARE, LIMIT)]
        rows.append([name, f"{median(numbers):.1f}", f"{min(numbers):.1f}", *over])
    return markdown(rows)


def _over(numbers: list[float], others: list[float] | None) -> str:
    """The median of the rounds' differences: two calls of one round met the same conditions."""
    if others is None:
        return ""
    return f"{median(map(operator.sub, numbers, others)):+.1f}"


def _by_file(stats: pstats.Stats, requests: int) -> str:
    """The files in which the time is spent; built-in functions count for the files that call."""
    seconds: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, callers) in stats.stats.items():  # type: ignore[attr-defined]
        if file == BUILT_IN:
            for (caller, _, _), (_, _, time_for_caller, _) in callers.items():
                seconds[caller] += time_for_caller
        else:
            seconds[file] += own
    rows = [["us per request", "of all", "file"]]
    whole = seconds.total()
    for file, spent in seconds.most_common(FILES):
        name = file.rpartition("site-packages/")[2].rpartition("/lib/python")[2]
        rows.append([f"{spent / requests * 1e6:.1f}", f"{spent / whole:.1%}", name])
    return markdown(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "cases", nargs="+", choices=PROFILED, metavar="case", help=", ".join(PROFILED)
    )
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=DEFAULT_PEERS, metavar="PEER")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--profile", action="store_true", help="also profile --peer")
    parser.add_argument("--peer", choices=PEERS, default="moorage")
    parser.add_argument("--requests", type=int, default=2000, help="in the profile")
    parser.add_argument("--order", choices=["tottime", "cumulative", "ncalls"], default="tottime")
    parser.add_argument("--only", default="", metavar="REGEX", help="such as 'moorage/'")
    parser.add_argument("--keep", metavar="FILE", help="save the profile, for snakeviz and others")
    arguments = parser.parse_args()
    out = sys.stdout  # for the report only: access logs and banners go nowhere
    with (
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        for case in (PROFILED[name] for name in arguments.cases):
            if arguments.peers:
                runner.run(compare(case, arguments.peers, arguments.rounds, out))
            if arguments.profile:
                peer, order = PEERS[arguments.peer], arguments.order
                stats = runner.run(profile(case, peer, arguments.requests, out))
                print(_by_file(stats, arguments.requests), file=out)
                stats.sort_stats(order).print_stats(arguments.only, PROFILE_LINES)
                if arguments.keep:
                    stats.dump_stats(arguments.keep)


if __name__ == "__main__":
    main()
