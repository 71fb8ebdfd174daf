"""``make bench``: the peers side by side, in one run, round after round, as ratios of medians."""

import argparse
import platform
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.agents.cases import CPU_RUNS, RUNS
from benchmarks.agents.measured import AGENT_CASES
from benchmarks.agents.servers import AGENT_PEERS, DEV
from benchmarks.cases import CASES
from benchmarks.load import CPU_RATE, RATE, Load, measure
from benchmarks.machine import load_average, sync_milliseconds
from benchmarks.peers import PEERS
from benchmarks.processes import BenchmarkError, divide_cores
from benchmarks.report import LIMIT, RIVAL, Series, save, short, summary
from benchmarks.startup import imports, registration, startup

RESULTS = Path(__file__).with_name("results")
MEASURED = [*CASES, "startup", "registration", "import", *AGENT_CASES]
ALL_PEERS = [*PEERS, *AGENT_PEERS]
LIBRARIES = (
    "langchain-core",
    "langgraph",
    "fastapi",
    "starlette",
    "uvicorn",
    "uvloop",
    "pydantic",
    "orjson",
)
SUMMARIES = (
    (RATE, LIMIT),
    (RATE, RIVAL),
    (CPU_RATE, LIMIT),
    (CPU_RATE, RIVAL),
    (RUNS, DEV),
    (CPU_RUNS, DEV),
)


def main() -> None:
    arguments = _arguments()
    load = Load(arguments.rounds, arguments.seconds, arguments.connections, divide_cores())
    done: list[Series] = []
    try:
        for name in arguments.cases:
            for series in _measure(name, arguments.peers, load):
                done.append(series)
                print(f"\n### {series.name}: {series.table()}", flush=True)
    except BenchmarkError as error:
        sys.exit(str(error))
    for unit, other in SUMMARIES:
        if table := summary(done, unit, other):
            print(f"\n{table}")
    facts = _facts(load)
    print(
        f"\nAt the end: load average {facts['load_average']:.1f}, a page is on the disk after "
        f"{short(facts['sync_ms'])} ms."
    )
    print(save(RESULTS, done, facts))


def _measure(name: str, among: Sequence[str], load: Load) -> Iterator[Series]:
    if name in AGENT_CASES:
        agent_peers = {name: peer for name, peer in AGENT_PEERS.items() if name in among}
        yield from AGENT_CASES[name](agent_peers, load)
        return
    peers = {name: peer for name, peer in PEERS.items() if name in among}
    if name == "startup":
        yield from startup(peers, load.rounds)
    elif name == "registration":
        yield registration(peers, load.rounds)
    elif name == "import":
        yield imports(peers, load.rounds)
    else:
        yield from measure(CASES[name], peers, load)


def _facts(load: Load) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "rounds": load.rounds,
        "seconds": load.seconds,
        "connections": load.connections,
        "pinned": load.core is not None,
        "load_average": load_average(),
        "sync_ms": sync_milliseconds(),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(MEASURED)}; without any: all")
    parser.add_argument("--peers", nargs="+", choices=ALL_PEERS, default=ALL_PEERS, metavar="PEER")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of load, per peer and round")
    parser.add_argument("--connections", type=int, default=16)
    arguments = parser.parse_args()
    arguments.cases = arguments.cases or MEASURED
    if unknown := set(arguments.cases) - set(MEASURED):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(MEASURED)}")
    return arguments


if __name__ == "__main__":
    main()
