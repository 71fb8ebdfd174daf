"""Snippets of JavaScript that call clients under Node.js, and what comes of them."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class ClientError(Exception):
    """The JavaScript client threw; the text is the name and the message of its error."""


class JavaScript:
    """A process of Node.js that runs one snippet after another.

    Args:
        process: It runs ``run.mjs``.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._ask, self._answers = process.stdin, process.stdout

    def __call__(
        self, url: str, body: str, given: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        """Return the result of the body of an async function.

        Args:
            url: Whom the client calls.
            body: Finds the client under its name, and what the test gives it under ``given``.
            given: That, of the test.
            options: The client's.

        Raises:
            ClientError: The function throws.
        """
        asked = {"url": url, "body": body, "given": given or {}, "options": options}
        self._ask.write(json.dumps(asked) + "\n")
        self._ask.flush()
        answer = json.loads(self._answers.readline())
        if "error" in answer:
            raise ClientError(answer["error"])
        return answer["value"]


@contextmanager
def running(node: str, client: str) -> Iterator[JavaScript]:
    """Run Node.js with one of the clients that ``run.mjs`` knows."""
    with subprocess.Popen(
        [node, "run.mjs", client],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield JavaScript(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def version_of(package: str) -> str:
    """Return the version of a package that is installed."""
    described = json.loads((HERE / f"node_modules/{package}/package.json").read_text())
    return str(described["version"])
