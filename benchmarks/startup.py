"""The price of starting: time to the first answer, memory, registration, imports."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from benchmarks.cases import CASES, MANY
from benchmarks.peers import Peer
from benchmarks.processes import ENVIRONMENT, ROOT, serving
from benchmarks.report import Series

TIME_IMPORT = """
import importlib, sys, time
started = time.perf_counter()
importlib.import_module(sys.argv[1])
print((time.perf_counter() - started) * 1000)
"""
LOAD_ALL = """
import contextlib, importlib, os, sys
for name in sys.argv[1].split():
    with contextlib.suppress(ImportError):  # some are made by others, not found by their name
        importlib.import_module(name)
os._exit(0)
"""
SIZES = {1: CASES["lambda"], MANY: CASES["fifty"]}


def startup(peers: Mapping[str, Peer], rounds: int) -> Iterator[Series]:
    """Time, CPU time and memory of a server until its first answer, for one and many runnables.

    Then the times in which a process that does nothing else imports the libraries which the
    peer's server has loaded when it is ready: the part that the peer cannot avoid.
    """
    ready = {size: Series("startup", _title("first answer", size), "ms") for size in SIZES}
    memory = {size: Series("startup", _title("resident memory", size), "MB") for size in SIZES}
    cpu = {size: Series("startup", _title("first answer", size), "CPU ms") for size in SIZES}
    imports = Series("startup", "the imports of its libraries alone", "ms")
    imports_cpu = Series("startup", "the imports of its libraries alone", "CPU ms")
    libraries = {name: " ".join(_probe(peer, "libraries")) for name, peer in peers.items()}
    for _ in range(rounds):
        for name, peer in peers.items():
            for size, case in SIZES.items():
                started = time.perf_counter()
                with serving(peer, case, core=None) as server:
                    server.ask()
                    ready[size].add(name, (time.perf_counter() - started) * 1000)
                    cpu[size].add(name, server.cpu_seconds() * 1000)
                    memory[size].add(name, server.resident_megabytes())
            started, used = time.perf_counter(), _cpu_of_children()
            _run(peer.python, "-c", LOAD_ALL, libraries[name])
            imports.add(name, (time.perf_counter() - started) * 1000)
            imports_cpu.add(name, (_cpu_of_children() - used) * 1000)
    yield from (*ready.values(), imports, *cpu.values(), imports_cpu, *memory.values())


def registration(peers: Mapping[str, Peer], rounds: int) -> Series:
    """Milliseconds to register a runnable on an application that gets fifty of them."""
    series = Series("registration", f"per runnable, of {MANY}", "ms")
    for _ in range(rounds):
        for name, peer in peers.items():
            series.add(name, float(_probe(peer, "registration")[0]))
    return series


def imports(peers: Mapping[str, Peer], rounds: int) -> Series:
    """Milliseconds to import each package, in a new process, after the interpreter has started."""
    series = Series("import", "import of the package", "ms")
    modules = {"moorage": sys.executable, "moorage.client": sys.executable}
    if "langserve" in peers:
        modules["langserve"] = peers["langserve"].python
    for _ in range(rounds):
        for module, python in modules.items():
            series.add(module, float(_run(python, "-c", TIME_IMPORT, module)))
    return series


def _cpu_of_children() -> float:
    """Seconds that processes which have ended were computing."""
    times = os.times()
    return times.children_user + times.children_system


def _title(what: str, size: int) -> str:
    return f"{what}, {size} runnable{'s' if size > 1 else ''}"


def _probe(peer: Peer, what: str) -> list[str]:
    return _run(peer.python, "-m", "benchmarks.probe", what, peer.name).split()


def _run(*command: str) -> str:
    return subprocess.run(
        command, cwd=ROOT, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
