"""What people think of a run, kept by the service."""

from typing import Any

from playwright.sync_api import expect

from tests.pages.conftest import Axe
from tests.pages.stage import Hands, Stage, saying


def kept(hands: Hands, url: str, run_id: str) -> list[dict[str, Any]]:
    answer = hands.page.request.get(f"{url}/playground/feedback.json", params={"run_id": run_id})
    found: list[dict[str, Any]] = answer.json()["feedback"]
    return [{name: one[name] for name in ("key", "score", "comment")} for one in found]


def test_an_opinion_is_kept_and_can_change(stage: Stage, hands: Hands, axe: Axe):
    url = stage.add(saying("one"))
    hands.open(url)
    hands.run("numbers")
    hands.heard("Run finished")
    hands.output.get_by_role("button", name="Copy the run's id").click()
    hands.heard("Copied")
    run_id = hands.page.evaluate("navigator.clipboard.readText()")
    opinion = hands.output.get_by_role("group", name="Feedback")
    good, bad = (opinion.get_by_role("button", name=name) for name in ("Good", "Bad"))

    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "true")
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    expect(bad).to_have_attribute("aria-pressed", "false")
    opinion.get_by_role("button", name="Add a comment").click()
    dialog = hands.page.get_by_role("dialog", name="Comment")
    axe(hands.page)
    dialog.get_by_role("textbox", name="Comment").fill("<b>Right</b>, but short")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    hands.page.reload()
    hands.ready()

    assert kept(hands, url, run_id) == [
        {"key": "correctness", "score": 1, "comment": "<b>Right</b>, but short"}
    ]


def test_nothing_is_asked_where_nothing_is_kept(stage: Stage, hands: Hands):
    hands.open(stage.add(saying("one"), enable_feedback_endpoint=False))

    hands.run("numbers")

    hands.heard("Run finished")
    expect(hands.output.get_by_role("group", name="Feedback")).to_have_count(0)
