"""One run of wrk, which posts the same body on every connection as fast as it is answered."""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import HEADERS
from benchmarks.processes import Running

SCRIPT = Path(__file__).with_name("post.lua")


@dataclass(frozen=True)
class Shot:
    """What one run of wrk counted; ``p50`` is the median time of a request in milliseconds."""

    requests: int
    seconds: float
    p50: float


def fire(  # noqa: PLR0913 - one for each thing that can be said to wrk
    server: Running,
    path: str,
    body: bytes,
    *,
    seconds: int,
    connections: int,
    mark: str = "",
    paths: Iterable[str] = (),
) -> Shot:
    """Post the body to the path, or to each of the paths in turn, for some seconds.

    Raises:
        BenchmarkError: Nothing was answered, a request failed, or an answer was without the mark.
    """
    headers = [word for name, value in HEADERS.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", *headers]
    with ExitStack() as stack:
        files = [stack.enter_context(_file(body))]
        if lines := "\n".join(paths):
            files.append(stack.enter_context(_file(lines.encode())))
        command += ["-s", str(SCRIPT), server.url(path), "--", mark, *files]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = json.loads(output.splitlines()[-1])
    if result["failed"] or result["wrong"]:
        raise server.failure(f"failed under load: {result}")
    shot = Shot(result["requests"], result["microseconds"] / 1e6, result["p50"] / 1e3)
    if not shot.requests:
        raise server.failure(f"answered nothing in {shot.seconds:.1f} s")
    return shot


@contextmanager
def _file(content: bytes) -> Iterator[str]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file.name
