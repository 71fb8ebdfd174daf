"""The peers of the benchmarks do the same work: every case has one right answer."""

import sys

import pytest

from benchmarks.cases import CASES, Case
from benchmarks.inprocess import Caller, running
from benchmarks.peers import PEERS, Peer
from benchmarks.report import Series

pytestmark = pytest.mark.anyio

HERE = [peer for peer in PEERS.values() if peer.python == sys.executable]


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
@pytest.mark.parametrize("peer", HERE, ids=lambda peer: peer.name)
async def test_a_peer_answers_as_the_bare_runnable_does(peer: Peer, case: Case) -> None:
    app = peer.create(case.mounts())
    async with running(app) as state:
        status, body = await Caller(app, case, state).answer()
    assert status == 200
    assert case.read(body) == await case.expected()


async def test_the_guards_of_the_guarded_peer_are_on() -> None:
    case = CASES["lambda"]
    app = PEERS["moorage-edge"].create(case.mounts())
    async with running(app) as state:
        caller = Caller(app, case, state)
        start, *_ = await caller()
        assert b"x-ratelimit-limit" in {name.lower() for name, _ in start["headers"]}
        caller.scope["headers"] = [
            header for header in caller.scope["headers"] if header[0] != b"x-api-key"
        ]
        status, _ = await caller.answer()
    assert status == 401


def test_a_ratio_is_of_medians_with_the_extremes_of_the_rounds() -> None:
    series = Series("lambda", "", "requests/s", rounds={"a": [10, 30, 20], "b": [10, 20, 40]})
    assert series.ratio("a", "b") == "1.00 (0.50-1.50)"


def test_a_ratio_to_a_peer_that_was_not_measured_is_empty() -> None:
    series = Series("lambda", "", "requests/s", rounds={"a": [10]})
    assert series.ratio("a", "langserve") == ""
