"""How a service ends: in good order, whoever runs it."""

import signal
import threading
from collections import Counter

import httpx
import pytest

from tests.acceptance.conftest import Start
from tests.acceptance.processes import Server, Stream, until

pytestmark = pytest.mark.timeout(150)


@pytest.fixture(params=["uvicorn", "gunicorn"])
def serve_with(request: pytest.FixtureRequest) -> Start:
    launch: Start = request.getfixturevalue(request.param)
    return launch


def test_streams_that_are_open_at_sigterm_are_sent_to_their_end(serve_with: Start) -> None:
    server = serve_with()
    streams = [Stream(server.base, count=30, runnable=runnable) for runnable in (False, True)]
    server.send(signal.SIGTERM)
    for stream in streams:
        assert stream.ended().is_complete
        assert stream.ticks == 30
    server.wait()


def test_readiness_is_false_at_once_and_connections_are_refused_after_the_delay(
    serve_with: Start,
) -> None:
    server = serve_with(MOORAGE_DRAIN_DELAY="2")
    stream = Stream(server.base, count=100)
    server.send(signal.SIGTERM)
    until(lambda: server.status() == 503, "not ready", patience=1.5)
    assert server.status("/pid") == 200
    until(lambda: server.status() is None, "refused connections")
    assert stream.ended().is_complete
    server.wait()


def test_streams_that_outlast_the_grace_period_end_with_an_error_event(
    serve_with: Start,
) -> None:
    server = serve_with(MOORAGE_GRACE_PERIOD="1")
    streams = [Stream(server.base, count=10_000, runnable=runnable) for runnable in (False, True)]
    server.send(signal.SIGTERM)
    for stream in streams:
        assert stream.ended().is_told_to_try_again, stream.text[-200:]
    server.wait()
    assert not any('"level":"error"' in line for line in server.output), server.output


def test_a_request_that_outlasts_the_grace_period_is_told_to_try_again(serve_with: Start) -> None:
    server = serve_with(MOORAGE_GRACE_PERIOD="1")
    answers: list[httpx.Response] = []
    client = threading.Thread(
        target=lambda: answers.append(httpx.get(server.base + "/slow", timeout=30))
    )
    client.start()
    stream = Stream(server.base, count=10_000)
    server.send(signal.SIGTERM)
    stream.ended()
    client.join(30)
    assert answers[0].status_code == 503
    assert answers[0].headers["retry-after"] == "1"
    server.wait()


def test_a_second_sigterm_ends_the_service_at_once(uvicorn: Start) -> None:
    server = uvicorn(MOORAGE_GRACE_PERIOD="3600")
    stream = Stream(server.base, count=100_000)
    server.send(signal.SIGTERM)
    until(lambda: server.status() is None, "refused connections")

    def is_over() -> bool:
        server.send(signal.SIGTERM)
        return stream.is_told_to_try_again

    until(is_over, "the end", patience=5)
    server.wait(5)


def test_an_echo_of_the_first_sigterm_ends_nothing(uvicorn: Start) -> None:
    server = uvicorn()
    stream = Stream(server.base, count=20)
    server.send(signal.SIGTERM)
    server.send(signal.SIGTERM)
    assert stream.ended().is_complete
    server.wait()


def test_sigint_to_gunicorn_ends_streams_at_once(gunicorn: Start) -> None:
    server = gunicorn(MOORAGE_GRACE_PERIOD="3600")
    stream = Stream(server.base, count=100_000)
    server.send(signal.SIGINT)
    assert stream.ended(5).is_told_to_try_again
    server.wait()


def test_sigterm_to_one_worker_ends_only_that_one_and_its_stream_is_complete(
    gunicorn: Start,
) -> None:
    server = gunicorn()
    stream = Stream(server.base, count=30)
    server.send(signal.SIGTERM, stream.pid)
    until(lambda: len(server.workers() - {stream.pid}) >= 4, "a new worker")
    assert stream.ended().is_complete
    assert server.status() == 200


def test_a_killed_worker_is_replaced_and_the_others_go_on(gunicorn: Start) -> None:
    server = gunicorn()
    streams = [Stream(server.base, count=30) for _ in range(6)]
    killed = streams[0].pid
    server.send(signal.SIGKILL, killed)
    for stream in streams:
        assert stream.ended().is_complete is (stream.pid != killed)
    assert killed not in until(server.workers, "workers")
    assert server.status() == 200


def test_workers_do_not_outlive_a_gunicorn_that_is_killed(gunicorn: Start) -> None:
    server = gunicorn()
    server.send(signal.SIGKILL)
    until(lambda: server.status() is None, "the end of the workers")


def test_restarts_after_max_requests_lose_no_request(gunicorn: Start) -> None:
    server = gunicorn("--max-requests", "60", "--max-requests-jitter", "40")
    outcomes: Counter[str] = Counter()
    enough = threading.Event()
    threads = [threading.Thread(target=_call, args=(server, outcomes, enough)) for _ in range(6)]
    for thread in threads:
        thread.start()
    stream = Stream(server.base, count=100)

    def restarted() -> bool:
        return sum(outcome.isdigit() for outcome in list(outcomes)) >= 4 + 4

    until(restarted, "four restarts", patience=60)
    enough.set()
    for thread in threads:
        thread.join(60)
    assert all(outcome.isdigit() for outcome in outcomes), outcomes
    assert stream.ended().is_complete


def _call(server: Server, outcomes: "Counter[str]", enough: threading.Event) -> None:
    with httpx.Client(base_url=server.base, timeout=60) as client:
        while not enough.is_set():
            try:
                answer = client.get("/pid")
                outcomes[answer.text if answer.status_code == 200 else str(answer)] += 1
            except httpx.TransportError as error:
                outcomes[repr(error)] += 1
