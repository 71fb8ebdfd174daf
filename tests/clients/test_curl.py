"""curl, over sockets of its own: what people try first, and what proxies do."""

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import NamedTuple

import pytest

from moorage.testing import Gate, ScriptedChatModel, serving
from tests.clients.served import build
from tests.conftest import leg_missing

pytestmark = pytest.mark.requirement("langserve:clients:curl")

JSON = ("-H", "Content-Type: application/json")
STREAMED = (
    b"event: metadata\r\ndata: "
    b'{"run_id": "00000000-0000-0000-0000-000000000000"}\r\n\r\n'
    b"event: data\r\ndata: 0\r\n\r\n"
    b"event: data\r\ndata: 1\r\n\r\n"
    b"event: end\r\n\r\n"
)


class Said(NamedTuple):
    """What curl wrote: the body, and what it logged of the exchange with ``-v``."""

    body: bytes
    log: str


Curl = Callable[..., Said]


@pytest.fixture(scope="session")
def executable() -> str:
    found = shutil.which("curl")
    if found is None:
        leg_missing("curl", "install curl")
    assert found is not None
    return found


@pytest.fixture
def curl(executable: str) -> Curl:
    """Run curl; ``data`` is what it is to read from its standard input."""

    def run(*arguments: str, data: bytes = b"") -> Said:
        command = [executable, "--silent", "--verbose", "--max-time", "30", *arguments]
        ended = subprocess.run(command, input=data, capture_output=True, check=True, timeout=60)
        return Said(ended.stdout, ended.stderr.decode())

    return run


def statuses(log: str) -> list[int]:
    """The statuses of all responses, in their order."""
    return [int(line.split()[2]) for line in log.splitlines() if line.startswith("< HTTP/")]


def test_invoke_answers(curl: Curl, address: str):
    said = curl(*JSON, "-d", '{"input": 1}', f"{address}/add_one/invoke")

    assert json.loads(said.body)["output"] == 2
    assert "< content-type: application/json" in said.log


def test_the_content_type_does_not_matter(curl: Curl, address: str):
    said = curl("-d", '{"input": 1}', f"{address}/add_one/invoke")

    assert "> Content-Type: application/x-www-form-urlencoded" in said.log
    assert json.loads(said.body)["output"] == 2


def test_a_stream_is_the_frames_byte_for_byte(curl: Curl, address: str):
    said = curl("-N", *JSON, "-d", '{"input": 2}', f"{address}/count_up/stream")

    run_id = json.loads(said.body.splitlines()[1].removeprefix(b"data: "))["run_id"]
    assert said.body.replace(run_id.encode(), b"00000000-0000-0000-0000-000000000000") == STREAMED
    assert "< content-type: text/event-stream; charset=utf-8" in said.log
    assert "< x-accel-buffering: no" in said.log


def test_chunks_arrive_while_the_run_goes_on(executable: str):
    gate = Gate()
    model = ScriptedChatModel(responses=[["Once ", gate, "upon a time."]])

    with serving(build(slow=model)) as url:
        command = [executable, "-sN", *JSON, "-d", '{"input": "x"}', f"{url}/slow/stream"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            before = list(iter(process.stdout.readline, b'data: "Once "\r\n'))
            gate.open()
            after = process.stdout.read()

    assert before[0] == b"event: metadata\r\n"
    assert after.endswith(b"event: end\r\n\r\n")


def test_killing_curl_ends_the_run(executable: str):
    gate = Gate()
    model = ScriptedChatModel(responses=[["Once ", gate, "upon a time."]])

    with serving(build(slow=model)) as url:
        command = [executable, "-s", *JSON, "-d", '{"input": "x"}', f"{url}/slow/invoke"]
        with subprocess.Popen(command) as process:
            gate.reached.wait()
            process.kill()

        model.interrupted.wait()


@pytest.mark.parametrize(
    "arguments", [("-I",), ("-X", "PUT"), ("-X", "DELETE")], ids=["HEAD", "PUT", "DELETE"]
)
def test_a_wrong_method_is_told_the_right_one(curl: Curl, address: str, arguments: tuple[str, ...]):
    said = curl(*arguments, f"{address}/add_one/invoke")

    assert statuses(said.log) == [405]
    assert "< allow: POST" in said.log


def test_a_head_has_no_body(curl: Curl, address: str):
    said = curl("-I", f"{address}/add_one/input_schema")

    assert statuses(said.log) == [405]
    assert said.body.startswith(b"HTTP/1.1 405")
    assert said.body.endswith(b"\r\n\r\n")


def test_a_large_body_waits_for_permission_and_arrives(curl: Curl, address: str):
    text = "x" * 2_000_000
    sent = json.dumps({"input": text}).encode()

    said = curl(
        *JSON,
        *("-H", "Expect: 100-continue", "--expect100-timeout", "20"),
        *("--data-binary", "@-", f"{address}/anything/invoke"),
        data=sent,
    )

    assert statuses(said.log) == [100, 200]
    assert json.loads(said.body)["output"] == text


def test_an_upload_in_chunks_arrives(curl: Curl, address: str):
    said = curl(
        *JSON,
        *("-H", "Transfer-Encoding: chunked", "-X", "POST", "-T", "-"),
        f"{address}/add_one/invoke",
        data=b'{"input": 1}',
    )

    assert "> Transfer-Encoding: chunked" in said.log
    assert json.loads(said.body)["output"] == 2


def test_http_1_0_is_answered_and_closed(curl: Curl, address: str):
    invoked = curl("--http1.0", *JSON, "-d", '{"input": 1}', f"{address}/add_one/invoke")
    streamed = curl("--http1.0", "-N", *JSON, "-d", '{"input": 2}', f"{address}/count_up/stream")

    assert json.loads(invoked.body)["output"] == 2
    assert streamed.body.endswith(b"event: end\r\n\r\n")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("add_one/invoke", 422),
        ("broken/invoke", 500),
        ("broken/batch", 422),
        ("refused/invoke", 404),
        ("busy/invoke", 429),
        ("nothing_here/invoke", 404),
        ("breaks_off/stream", 200),
        ("add_one/stream", 422),
    ],
)
def test_one_connection_serves_on_after_a_failure(curl: Curl, address: str, path: str, status: int):
    failing = (*JSON, "-d", '{"input": "x"}', f"{address}/{path}")
    good = ("--next", "-s", "-v", *JSON, "-d", '{"input": 1}', f"{address}/add_one/invoke")

    said = curl(*failing, *good, *good)

    assert statuses(said.log) == [status, 200, 200]
    assert said.log.count("Re-using existing") + said.log.count("Reusing existing") == 2
    assert said.body.count(b'{"output":2,') == 2


def test_a_failed_stream_ends_as_a_stream_should(curl: Curl, address: str):
    said = curl("-N", *JSON, "-d", '{"input": "x"}', f"{address}/breaks_off/stream")

    assert said.body.endswith(
        b'event: error\r\ndata: {"status_code": 500, "message": "Internal Server Error"}\r\n\r\n'
    )


def test_a_body_that_is_no_json_is_422(curl: Curl, address: str):
    said = curl(*JSON, "-d", "{input: 1}", f"{address}/add_one/invoke")

    assert statuses(said.log) == [422]
    assert json.loads(said.body)["detail"] == ["Invalid JSON body"]
