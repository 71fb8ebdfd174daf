import fcntl
import threading
from pathlib import Path

from tests.turns import turn


def is_shut(door: Path) -> bool:
    with door.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_one_that_is_alone_comes_after_those_before_it_and_before_those_after_it(tmp_path: Path):
    order: list[str] = []

    def take(name: str, *, alone: bool) -> threading.Thread:
        def work() -> None:
            with turn(tmp_path, alone=alone):
                order.append(name)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    with turn(tmp_path, alone=False):
        take("beside", alone=False).join(20)
        waiting = [take("alone", alone=True)]
        while not is_shut(tmp_path / "door"):
            pass
        waiting.append(take("after", alone=False))
        order.append("before")

    for thread in waiting:
        thread.join(20)
    assert order == ["beside", "before", "alone", "after"]
