"""How streams look when there is much of them, and when something holds them back."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableGenerator
from playwright.sync_api import expect

from moorage.testing import Gate
from tests.pages.freezes import LIMIT_MS, longest_freeze
from tests.pages.proxies import buffering
from tests.pages.stage import Hands, Stage, saying, see_before_end, told

CHUNKS = 5_000


def flood(*, first: str = "", gate: Gate | None = None) -> RunnableGenerator[Any, str]:
    """Make what says a first paragraph, waits, and then says all the rest at once."""

    async def say(given: AsyncIterator[Any]) -> AsyncIterator[str]:
        async for _ in given:
            yield f"{first}\n\n"
        if gate is not None:
            await gate.passage()
        for part in parts():
            yield part

    return RunnableGenerator(say).with_types(input_type=str)  # type: ignore[return-value]


def parts() -> Iterator[str]:
    """Say markdown with all that costs time: lists, tables, code, emphasis."""
    sections = ("## Part\n\n", "Some **bold** ", "words. ", "\n\n- one\n", "- two\n\n")
    table = ("| a | b |\n| - | - |\n", "| 1 | 2 |\n", "| 3 | 4 |\n\n")
    code = ("```python\n", "def f(x):\n", "    return x\n", "```\n\n")
    every = sections + table + code
    for number in range(CHUNKS):
        yield every[number % len(every)]


@pytest.mark.alone
@pytest.mark.timeout(300)
def test_five_thousand_chunks_do_not_freeze_the_page(
    stage: Stage, hands: Hands, record_property: Callable[[str, object], None]
):
    def read() -> None:
        hands.text.fill("go on")
        hands.run()
        expect(hands.output).to_contain_text(f"{CHUNKS + 1:,} chunks", timeout=60_000)
        hands.heard("Run finished")

    hands.open(stage.add(flood()))

    freeze = longest_freeze(hands, read)

    record_property("longest freeze in ms", freeze)
    assert freeze < LIMIT_MS


def test_reading_is_not_disturbed_by_what_arrives(stage: Stage, hands: Hands):
    gate, first = Gate(), told("first").replace("-", "")
    word = hands.output.get_by_role("strong").filter(has_text=first)
    hands.page.set_viewport_size({"width": 1280, "height": 500})
    hands.open(stage.add(flood(first=f"**{first}**", gate=gate)))
    hands.text.fill("go on")
    hands.run()
    see_before_end(hands, first)
    word.dblclick()
    place = word.bounding_box()

    gate.open()

    hands.heard("Run finished")
    expect(hands.output).to_contain_text(f"{CHUNKS + 1:,} chunks", timeout=60_000)
    assert hands.page.evaluate("getSelection().toString().trim()") == first
    assert word.bounding_box() == place


@pytest.mark.parametrize("method", ["stream", "events"])
def test_a_proxy_that_buffers_is_noticed(stage: Stage, hands: Hands, method: str):
    """What ``see_before_end`` demands is not to be had from a page that shows all at the end."""
    gate, first = Gate(), told("first")
    url = stage.add(saying([first, gate, " last"]))
    with buffering(stage.url) as proxied:
        hands.open(url.replace(stage.url, proxied))
        hands.choose(method)
        hands.run("numbers")
        expect(hands.stop_button).to_be_visible()

        with pytest.raises(AssertionError):
            see_before_end(hands, first, milliseconds=1_000)

        gate.open()
        hands.heard("Run finished")
        expect(hands.output).to_contain_text(f"{first} last")
        hands.settled()
