"""The parts of the Agent Servers' benchmarks that measure nothing: graphs, client, checks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from benchmarks.agents.client import connected
from benchmarks.agents.followers import lost_in
from benchmarks.agents.project import graphs
from benchmarks.agents.runs import check_stream, check_values, run_of, tokens_in
from benchmarks.agents.servers import PROJECT, AgentPeer, environment, starting
from benchmarks.processes import BenchmarkError
from benchmarks.report import Series
from benchmarks.runnables import TOKENS

pytestmark = pytest.mark.anyio

GRAPHS: dict[str, Runnable[Any, Any]] = {
    "echo": graphs.echo,
    "tokens": graphs.tokens,
    "gated": graphs.gated,
    "steps": graphs.steps,
}
TWICE = [token for token in TOKENS for _ in range(2)]


def test_the_project_names_the_graphs_that_there_are() -> None:
    named = orjson.loads((PROJECT / "langgraph.json").read_bytes())["graphs"]
    assert named == {name: f"./graphs.py:{name}" for name in GRAPHS}


@pytest.mark.parametrize("name", ["echo", "steps"])
async def test_a_graph_that_is_waited_for_repeats_the_question(name: str) -> None:
    values = await GRAPHS[name].ainvoke(run_of(name)["input"])
    check_values(orjson.loads(orjson.dumps(values, default=BaseModel.model_dump)))


async def test_a_wrong_answer_is_no_measurement() -> None:
    with pytest.raises(BenchmarkError, match="wrong answer"):
        check_values({"__error__": {"error": "ValueError", "message": "no"}})


async def test_a_graph_that_streams_gives_twenty_tokens() -> None:
    assert await _streamed("tokens") == list(TOKENS)


async def test_the_gated_graph_goes_on_when_the_gate_lets_it_go() -> None:
    arrived, opened = asyncio.Event(), asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await opened.wait()
        writer.close()
        await writer.wait_closed()

    async with asyncio.timeout(10), await asyncio.start_server(hold, "127.0.0.1", 0) as gate:
        streamed = asyncio.ensure_future(_streamed("gated", gate.sockets[0].getsockname()[1]))
        await arrived.wait()
        assert not streamed.done()
        opened.set()
        assert await streamed == list(TOKENS)


def test_tokens_are_read_from_the_frames_of_a_stream() -> None:
    check_stream(_frames(TOKENS))
    assert tokens_in(_frames(TOKENS[:2])) == list(TOKENS[:2])
    with pytest.raises(BenchmarkError, match="wrong stream"):
        check_stream(_frames(TOKENS[1:]))


@pytest.mark.parametrize(
    ("tokens", "lost"),
    [
        (list(TOKENS), 0),
        (list(TOKENS[:-1]), 1),
        (list(TOKENS[1:]), 1),
        ([*TOKENS[:5], *TOKENS[6:]], 1),
        ([*TOKENS[1::-1], *TOKENS[2:]], 1),
        (TWICE, len(TOKENS)),
        ([], len(TOKENS)),
    ],
    ids=["none", "last", "first", "middle", "swapped", "twice", "all"],
)
def test_tokens_that_are_missing_swapped_or_repeated_are_lost(tokens: list[str], lost: int) -> None:
    assert lost_in(tokens) == lost


async def test_one_connection_serves_one_request_after_another() -> None:
    async with _answering(_chunked(b"[1,", b"2]")) as port, connected(port) as connection:
        assert await connection.get("/first") == [1, 2]
        assert connection.answered.is_set()
        assert await connection.post("/second", {}) == [1, 2]


async def test_an_answer_that_is_no_success_is_no_measurement() -> None:
    refusal = b"HTTP/1.1 409 Conflict\r\ncontent-length: 4\r\n\r\nbusy"
    async with _answering(refusal) as port, connected(port) as connection:
        with pytest.raises(BenchmarkError, match=r"GET /: status 409: .*busy"):
            await connection.get("/")


async def test_an_answer_that_breaks_off_is_no_measurement() -> None:
    part = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n[1"
    async with _answering(part, hang_up=True) as port, connected(port) as connection:
        with pytest.raises(BenchmarkError, match="the connection broke"):
            await connection.get("/")


def test_servers_get_no_keys_and_no_way_out() -> None:
    given = environment({"PATH": "/bin", "LANGSMITH_API_KEY": "k", "MOORAGE_DATABASE_URL": "u"})
    assert given["PATH"] == "/bin"
    assert given["LANGSMITH_TRACING"] == "false"
    assert given["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert not {"LANGSMITH_API_KEY", "MOORAGE_DATABASE_URL"} & set(given)


def test_a_peer_that_is_not_installed_is_named() -> None:
    peer = AgentPeer("absent", ("/nowhere/absent", "--port"))
    with pytest.raises(BenchmarkError, match="absent is not installed"), starting(peer, "", None):
        pass


def test_a_ratio_to_nothing_is_empty() -> None:
    series = Series("agent-followers", "", "tokens", rounds={"a": [0], "b": [0]}, beside=("b",))
    assert series.ratio("a", "b") == ""


def test_a_small_ratio_keeps_two_digits() -> None:
    series = Series("agent-dispatch", "", "ms", rounds={"a": [2.1], "b": [1000]}, beside=("b",))
    assert series.ratio("a", "b") == "0.0021 (0.0021-0.0021)"


def test_a_table_has_the_ratios_that_its_series_asks_for() -> None:
    series = Series("agent-wait", "", "runs/s", rounds={"a": [30], "b": [10]}, beside=("b",))
    header, _, first, *_ = series.table().strip().splitlines()
    assert "÷ b" in header
    assert "langserve" not in header
    assert "3.00 (3.00-3.00)" in first


async def _streamed(name: str, gate: int | None = None) -> list[str]:
    """What a server would send as ``messages``, without the empty chunk that closes a message."""
    tokens = []
    async for chunk, _ in GRAPHS[name].astream(
        run_of(name, gate=gate)["input"], stream_mode="messages"
    ):
        assert isinstance(chunk, AIMessageChunk)
        tokens.append(chunk.text)
    return [token for token in tokens if token]


def _frames(tokens: tuple[str, ...]) -> bytes:
    datas = (orjson.dumps([{"content": token, "type": "AIMessageChunk"}, {}]) for token in tokens)
    return b"".join(b"event: messages\r\ndata: " + data + b"\r\n\r\n" for data in datas)


def _chunked(*pieces: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


@asynccontextmanager
async def _answering(answer: bytes, *, hang_up: bool = False) -> AsyncIterator[int]:
    """Serve the same bytes for each request on a free port, and give the port."""

    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.split(b"content-length: ")[1].split()[0]))
                writer.write(answer)
                if hang_up:
                    break
        writer.close()
        await writer.wait_closed()
        left.set()

    async with asyncio.timeout(10), await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await left.wait()
