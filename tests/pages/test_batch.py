"""Many inputs at once: pasted, run, tried again, and taken away as files."""

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from playwright.sync_api import Locator, expect
from typing_extensions import TypedDict

from moorage.testing import Gate
from tests.pages.conftest import Axe
from tests.pages.freezes import LIMIT_MS, longest_freeze
from tests.pages.stage import Hands, Stage
from tests.pages.watching import Watch

ROWS = 'text,language\n"Good, morning",French\nbroken,German\n"two\nlines",Dutch\n'


class Translation(TypedDict):
    text: str
    language: str


class Translator:
    """Fails on a broken text, the first time."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.gate = Gate()

    async def __call__(self, asked: Translation) -> dict[str, str]:
        text = asked["text"]
        self.tried[text] += 1
        await self.gate.passage()
        if text == "broken" and self.tried[text] == 1:
            raise ValueError("broken")
        return {"said": f"{text} in {asked['language']}"}


def same(asked: Any) -> Any:
    return asked


@pytest.fixture
def translator() -> Translator:
    return Translator()


@pytest.fixture
def panel(stage: Stage, hands: Hands, translator: Translator) -> Locator:
    """The tab, with rows in it."""
    runnable = RunnableLambda(translator.__call__).with_types(input_type=Translation)
    hands.open(stage.add(runnable))
    panel = hands.tab("Batch")
    panel.get_by_role("textbox", name="Inputs as CSV").fill(ROWS)
    expect(panel).to_contain_text("3 rows, CSV")
    return panel


def export(hands: Hands, panel: Locator, form: str, file: Path) -> str:
    panel.get_by_role("button", name="Export").click()
    with hands.page.expect_download() as download:
        hands.page.get_by_role("menuitem", name=form).click()
    download.value.save_as(file)
    return file.read_text(encoding="utf-8-sig")


def test_rows_are_run_tried_again_and_exported(
    hands: Hands, panel: Locator, translator: Translator, watch: Watch, tmp_path: Path
):
    watch.expect("console: .* 500 .*/invoke")
    row = panel.get_by_role("table").get_by_role("row")

    panel.get_by_role("button", name="Run 3 rows").click()
    expect(panel.get_by_role("progressbar")).to_be_visible()
    expect(panel).to_contain_text("0 of 3")
    translator.gate.open()
    hands.heard("Batch finished: 2 done, 1 failed")

    expect(panel).to_contain_text("3 of 3")
    expect(row.filter(has_text="Good, morning")).to_contain_text("done")
    expect(row.filter(has_text="broken")).to_contain_text("failed")
    lines = export(hands, panel, "JSON lines", tmp_path / "before.jsonl").splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["done", "failed", "done"]
    panel.get_by_role("button", name="Run 1 again").click()
    hands.heard("Batch finished: 3 done, 0 failed")
    assert translator.tried == {"Good, morning": 1, "broken": 2, "two\nlines": 1}

    table = list(csv.DictReader(export(hands, panel, "CSV", tmp_path / "t.csv").splitlines(True)))

    assert [line["input.text"] for line in table] == ["Good, morning", "broken", "two\nlines"]
    assert [line["output.said"] for line in table] == [
        "Good, morning in French",
        "broken in German",
        "two\nlines in Dutch",
    ]
    assert {line["state"] for line in table} == {"done"}
    assert len({line["run_id"] for line in table}) == 3


def test_a_row_can_be_read_in_full(
    hands: Hands, panel: Locator, translator: Translator, watch: Watch, axe: Axe
):
    watch.expect("console: .* 500 .*/invoke")
    translator.gate.open()
    panel.get_by_role("button", name="Run 3 rows").click()
    hands.heard("Batch finished")
    axe(hands.page)

    panel.get_by_role("button", name="Open row 1").click()

    row = hands.page.get_by_role("dialog", name="Row 1")
    expect(row.get_by_role("region", name="Output").first).to_contain_text(
        "Good, morning in French"
    )


def test_a_batch_is_stopped(hands: Hands, panel: Locator, translator: Translator):
    panel.get_by_role("button", name="Run 3 rows").click()
    expect(panel).to_contain_text("0 of 3")

    panel.get_by_role("button", name="Stop").click()

    expect(panel.get_by_role("table").get_by_role("row").filter(has_text="stopped")).to_have_count(
        3
    )
    expect(panel.get_by_role("button", name="Run 3 again")).to_be_enabled()
    translator.gate.open()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('text,language\n"never closed,French', "never ends"),
        ("text,language\none,two,three", "1 row cannot be read"),
        ('{"text": "a", "language": "b"}\nnonsense', "1 row cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told(stage: Stage, hands: Hands, text: str, said: str):
    hands.open(stage.add(RunnableLambda(same).with_types(input_type=Translation)))
    panel = hands.tab("Batch")

    panel.get_by_role("textbox", name="Inputs as CSV").fill(text)

    expect(panel).to_contain_text(said)


@pytest.mark.parametrize("runs", [False, True], ids=["read", "run"])
@pytest.mark.alone
@pytest.mark.timeout(300)
def test_three_thousand_rows_do_not_freeze_the_page(
    stage: Stage, hands: Hands, tmp_path: Path, runs: bool
):
    table = tmp_path / "table.csv"
    rows = [f"word {number},German" for number in range(3_000)]
    table.write_text("\n".join(["text,language", *rows]))
    hands.open(stage.add(RunnableLambda(same).with_types(input_type=Translation)))

    def work() -> None:
        panel = hands.tab("Batch")
        panel.locator("input[type=file]").set_input_files(table)
        expect(panel).to_contain_text("3,000 rows")
        if runs:
            panel.get_by_role("button", name="Run 3,000 rows").click()
            expect(panel).to_contain_text(re.compile(r"\d{2,} of 3000"))
            panel.get_by_role("button", name="Stop").click()
            expect(panel).to_contain_text("3000 of 3000")
        hands.tab("Form")

    assert longest_freeze(hands, work) < LIMIT_MS
