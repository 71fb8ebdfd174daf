"""What comes out is shown as what it is."""

from base64 import b64decode, b64encode
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable, RunnableLambda
from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import Axe
from tests.pages.stage import Hands, Stage

PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFAQF/K06KXAAAAABJRU5ErkJg"
    "gg=="
)
MARKDOWN = """\
# Findings

Some **bold** words, `code` and a [page](https://example.com/page).

| Fruit | Count |
| --- | ---: |
| Apple | 3 |
| Pear | 12 |

1. first
2. second
   - inner

```python
print("hello")
```

- [x] done
"""


def giving(value: Any) -> Runnable[str, Any]:
    """Make a runnable whose output is ``value``."""

    def give(_: str) -> Any:
        return value

    return RunnableLambda(give)


class Shown:
    """What the page shows of an output.

    Args:
        stage: The service.
        hands: The person.
    """

    def __init__(self, stage: Stage, hands: Hands) -> None:
        self._stage = stage
        self.hands = hands
        self.page: Page = hands.page

    def of(self, value: Any) -> Locator:
        """Run something that gives ``value``; returns where it is shown."""
        self.hands.open(self._stage.add(giving(value)))
        self.page.get_by_role("tabpanel", name="Form").get_by_role("textbox").fill("go")
        self.hands.run()
        self.hands.heard("Run finished")
        return self.hands.output

    def fits(self) -> bool:
        """Tell whether nothing makes the page wider than its window."""
        return bool(
            self.page.evaluate("document.documentElement.scrollWidth <= document.body.clientWidth")
        )


@pytest.fixture
def shown(stage: Stage, hands: Hands) -> Shown:
    return Shown(stage, hands)


def test_text_is_markdown(shown: Shown, axe: Axe):
    output = shown.of(MARKDOWN)

    expect(output.get_by_role("heading", name="Findings")).to_be_visible()
    expect(output.get_by_role("row", name="Pear 12")).to_be_visible()
    expect(output.get_by_role("listitem").filter(has_text="inner")).to_have_count(2)
    expect(output.get_by_role("region", name="Code, python")).to_have_text('print("hello")\n')
    link = output.get_by_role("link", name="page")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(output).to_contain_text("example.com")
    expect(output.get_by_role("checkbox")).to_have_count(0)
    axe(shown.page)


def test_html_in_a_text_is_text(shown: Shown):
    output = shown.of("<thinking>\nHm.\n</thinking>\n\nA <b>bold</b> word")

    expect(output.get_by_text("<thinking> Hm. </thinking>")).to_be_visible()
    expect(output.get_by_text("A <b>bold</b> word")).to_be_visible()


def test_headings_of_a_text_leave_the_page_one_first_heading(shown: Shown):
    shown.of(MARKDOWN)

    expect(shown.page.get_by_role("heading", level=1)).to_have_count(1)


def test_code_can_be_copied(shown: Shown):
    output = shown.of(MARKDOWN)

    output.get_by_role("button", name="Copy: Code, python").click()

    shown.hands.heard("Copied")
    assert shown.page.evaluate("navigator.clipboard.readText()") == 'print("hello")'


CODE = """\
```python
class Boat:  # floats
    def sail(self, knots: int = 3) -> str: return f"{knots}" + 'x'
```

```json
{"name": "Ada", "age": 36, "known": null}
```

```diff
- old
+ new
```

```html
<p class="x">&amp;<script>alert(1)</script></p>
```

```sql
SELECT name FROM boats WHERE length > 3
```
"""


def test_code_is_shown_with_its_words_told_apart(shown: Shown, axe: Axe):
    output = shown.of(CODE)

    code = output.get_by_role("region", name="Code, python")
    expect(code.get_by_text("class", exact=True)).to_have_css("font-weight", "600")
    comment = code.get_by_text("# floats")
    assert comment.evaluate("one => one.tagName") == "SPAN"
    html = output.get_by_role("region", name="Code, html")
    expect(html).to_have_text('<p class="x">&amp;<script>alert(1)</script></p>\n')
    expect(html.locator("script, p")).to_have_count(0)
    axe(shown.page)


def test_messages_with_tool_calls_and_reasoning(shown: Shown, axe: Axe):
    calls = [{"name": "search", "args": {"query": "boats", "limit": 3}, "id": "c1"}]
    thought = {"type": "reasoning", "reasoning": "They want boats."}
    output = shown.of(
        [
            HumanMessage("Boats?"),
            AIMessage([thought, {"type": "text", "text": "Let me **look**."}], tool_calls=calls),
            ToolMessage("3 found", tool_call_id="c1", name="search"),
            ToolMessage("it broke", tool_call_id="c1", name="search", status="error"),
            AIMessage("Three boats."),
        ]
    )

    expect(output.get_by_role("article", name="User", exact=True)).to_contain_text("Boats?")
    asking = output.get_by_role("article", name="Assistant").first
    expect(asking.get_by_role("strong")).to_have_text("look")
    expect(asking).not_to_contain_text("They want boats.")
    asking.get_by_role("button", name="Reasoning").click()
    expect(asking).to_contain_text("They want boats.")
    expect(asking.get_by_role("article", name="Calls search")).to_contain_text("boats")
    expect(output.get_by_role("article", name="Tool · search").last).to_contain_text("failed")
    expect(output).to_contain_text("Three boats.")
    axe(shown.page)


def test_a_state_shows_its_messages_and_the_rest(shown: Shown):
    output = shown.of({"messages": [HumanMessage("Hi"), AIMessage("Hello")], "steps": 2})

    expect(output.get_by_role("article", name="Assistant")).to_contain_text("Hello")
    output.get_by_role("button", name="Other values").click()
    expect(output.get_by_role("region", name="Other values")).to_contain_text("steps")


def test_objects_are_a_tree_and_json(shown: Shown, axe: Axe):
    output = shown.of({"name": "boat", "sizes": [1, 2.5, None], "flags": {"red": True}})

    tree = output.get_by_role("region", name="Output")
    expect(tree).to_contain_text('name: "boat"')
    expect(tree).to_contain_text("2.5")
    axe(shown.page)
    output.get_by_role("radio", name="JSON").click()
    expect(output.get_by_role("region", name="JSON")).to_contain_text('"name": "boat"')
    shown.hands.view("Raw")
    expect(output.get_by_role("region", name="JSON")).to_contain_text('"red": true')


def test_documents_are_cards(shown: Shown, axe: Axe):
    output = shown.of(
        [
            Document("Boats *float*.", metadata={"source": "boats.md", "page": 7}),
            Document("Stones sink.", metadata={"score": 0.25}),
        ]
    )

    first = output.get_by_role("region", name="boats.md")
    expect(first).to_contain_text("Boats *float*.")
    first.get_by_role("button", name="Metadata").click()
    expect(first.get_by_role("region", name="Metadata")).to_contain_text("page: 7")
    expect(output.get_by_role("region", name="Document 2")).to_contain_text("score 0.25")
    axe(shown.page)


@pytest.mark.parametrize(
    "value",
    [PICTURE, f"data:image/png;base64,{PICTURE}"],
    ids=["base64", "data url"],
)
def test_pictures_are_shown(shown: Shown, value: Any):
    output = shown.of(value)

    picture = output.get_by_role("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == 1


def test_a_picture_in_a_message_is_shown(shown: Shown):
    url = f"data:image/png;base64,{PICTURE}"
    output = shown.of(AIMessage([{"type": "image_url", "image_url": {"url": url}}]))

    assert output.get_by_role("img").evaluate("image => image.naturalWidth") == 1


def test_other_bytes_stay_text(shown: Shown):
    text = b64encode(bytes(range(256))).decode()
    assert b64decode(text) == bytes(range(256))

    output = shown.of(text)

    expect(output).to_contain_text(text)
    expect(output.get_by_role("img")).to_have_count(0)


@pytest.mark.parametrize(
    ("value", "text"), [(42, "42"), (-0.5, "-0.5"), (True, "true"), (False, "false"), (0, "0")]
)
def test_numbers_and_truths(shown: Shown, value: Any, text: str):
    expect(shown.of(value).get_by_text(text, exact=True)).to_be_visible()


def test_nothing_and_empty_text_are_told_apart(shown: Shown):
    expect(shown.of(None).get_by_text("null", exact=True)).to_be_visible()
    expect(shown.of("").get_by_text("Empty text", exact=True)).to_be_visible()


def test_long_words_wrap(shown: Shown):
    shown.page.set_viewport_size({"width": 390, "height": 800})
    word = "Donaudampfschifffahrt" * 40
    output = shown.of(f"{word}\n\n| a | b |\n| - | - |\n| {word} | 1 |\n\n```\n{word}\n```")

    expect(output.get_by_role("table")).to_be_visible()
    assert shown.fits()
    shown.hands.view("Raw")
    assert shown.fits()
    shown.of({word: {word: [word]}})
    assert shown.fits()


def test_right_to_left_text_runs_from_the_right(shown: Shown):
    output = shown.of("שלום עולם, זה טקסט ארוך.\n\nAnd this runs from the left.")

    for text, direction in (("שלום", "rtl"), ("And this", "ltr")):
        paragraph = output.get_by_role("paragraph").filter(has_text=text)
        assert paragraph.evaluate("one => getComputedStyle(one).direction") == direction


def test_two_megabytes_of_text(shown: Shown):
    paragraph = "All work and no play makes a dull day. " * 25
    text = "\n\n".join(f"{number}. {paragraph}" for number in range(2050))
    assert len(text) > 2_000_000
    shown.page.set_default_timeout(60_000)

    output = shown.of(text)

    expect(output).to_contain_text("2049. All work")
    shown.page.get_by_role("tab", name="Code").click()
    expect(shown.page.get_by_role("tabpanel", name="Code")).to_be_visible()
