"""Whatever others wrote is shown as text: it runs nothing, loads nothing, and breaks nothing."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from fastapi import HTTPException
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import ConfigurableField, Runnable, RunnableLambda
from playwright.sync_api import Page, Route, expect
from pydantic import AfterValidator, BaseModel, Field, create_model

from tests.pages.stage import Hands, Stage
from tests.pages.test_outputs import giving
from tests.pages.watching import Watch
from tests.protocols.langserve.wire import hashed

HOSTILE = (
    "</script><script>harmed=1</script><img src=x onerror='harmed=1'><svg onload='harmed=1'>"
    "<iframe srcdoc='<script>parent.harmed=1</script>'></iframe> ${harmed=1} {{harmed=1}} "
    "\x1b[31mred\x1b[0m \u202egnp.exe <a href='javascript:harmed=1'>go</a> <!-- ]]> --> "
    "<style>*{display:none}</style> <base href='http://192.0.2.1/'>"
)
MARKDOWN = (
    f"{HOSTILE}\n\n[one](javascript:harmed=1) [two](JaVaScRiPt:harmed=1) [three](data:text/html,x) "
    "![pixel](http://192.0.2.1/pixel.png) <javascript:harmed=1> [four][ref]\n\n"
    "[ref]: vbscript:harmed=1\n\n```html\n<script>harmed=1</script>\n```\n"
)
KEYS = ["__proto__", "constructor", "hasOwnProperty", "toString", "then"]


def say(text: str) -> str:
    return text


TEXT: Runnable[str, str] = RunnableLambda(say).with_types(input_type=str)


@pytest.fixture(autouse=True)
def unharmed(page: Page) -> Iterator[None]:
    """Look, at the end of each test, for whatever came alive."""
    yield
    assert page.evaluate("[typeof harmed, typeof {}.polluted]") == ["undefined", "undefined"]
    bad = "script:not([src]), iframe, object, embed, [onerror], [onload], [href^='javascript']"
    assert page.locator(bad).count() == 0
    assert page.locator("base").count() <= 1
    assert page.locator("img[src^=http], main style").count() == 0


def shows(page: Page, text: str = HOSTILE) -> None:
    """Demand that a text is on the page, all of it, as text."""
    expect(page.get_by_role("main").filter(has_text=text)).to_be_visible()


def go(hands: Hands, text: str = "go") -> None:
    """Fill the only field of the form and run it."""
    hands.page.get_by_role("tabpanel", name="Form").get_by_role("textbox").first.fill(text)
    hands.run()


# --- Schemas -------------------------------------------------------------------------------------


def refuse(text: str) -> str:
    if text == "refuse":
        raise ValueError(HOSTILE)
    return text


class Evil(BaseModel):
    __doc__ = HOSTILE

    plain: Annotated[str, AfterValidator(refuse)] = Field(title=HOSTILE, description=HOSTILE)
    preset: str = Field(HOSTILE, title="Preset")
    choice: Literal["<b>one</b>", "</select><script>harmed=1</script>"]
    example: str = Field(examples=[HOSTILE], title="Example", pattern="^.*$")


def test_titles_descriptions_defaults_and_choices(stage: Stage, hands: Hands):
    got: list[Any] = []
    hands.open(stage.add(RunnableLambda(got.append).with_types(input_type=Evil)))
    page = hands.page

    field = page.get_by_label(HOSTILE, exact=True)
    field.fill("text")
    shows(page)
    expect(page.get_by_label("Preset", exact=True)).to_have_value(HOSTILE)
    page.get_by_label("Choice", exact=True).select_option(index=2)
    page.get_by_role("button", name="More for Example").click()
    page.get_by_role("menuitem", name="Use the example").click()
    hands.run()
    hands.heard("Run finished")

    assert got == [
        {
            "plain": "text",
            "preset": HOSTILE,
            "choice": "</select><script>harmed=1</script>",
            "example": HOSTILE,
        }
    ]


def test_refusals_of_fields(stage: Stage, hands: Hands, watch: Watch):
    watch.expect("console: .* 422")
    hands.open(stage.add(RunnableLambda(str).with_types(input_type=Evil)))
    page = hands.page
    field = page.get_by_label(HOSTILE, exact=True)
    field.fill("refuse")
    page.get_by_label("Choice", exact=True).select_option(index=1)
    page.get_by_label("Example", exact=True).fill("text")

    hands.run()

    expect(hands.alert).to_contain_text("gnp.exe")
    expect(field).to_have_attribute("aria-invalid", "true")


def test_keys_that_objects_have_already(stage: Stage, hands: Hands):
    fields: Any = {f"f{n}": (str, Field(alias=key, title=key)) for n, key in enumerate(KEYS)}
    got: list[Any] = []
    model = create_model("Keys", **fields)
    hands.open(stage.add(RunnableLambda(got.append).with_types(input_type=model)))
    for key in KEYS:
        hands.field(key).fill(f"of {key}")

    hands.run()

    hands.heard("Run finished")
    assert list(got[0].values()) == [f"of {key}" for key in KEYS]


# --- Names ---------------------------------------------------------------------------------------


def test_names_and_descriptions(stage: Stage, hands: Hands):
    def act(text: str) -> str:
        return text

    act.__doc__ = HOSTILE
    runnable = RunnableLambda(act, name=HOSTILE) | RunnableLambda(act, name=f"{HOSTILE} step")
    hands.open(stage.add(runnable.with_config(run_name=HOSTILE)))
    page = hands.page
    go(hands)
    hands.heard("Run finished")

    expect(page.get_by_role("treegrid").get_by_role("row").last).to_contain_text("gnp.exe")
    page.get_by_role("treegrid").get_by_role("row").last.click()
    expect(page.get_by_role("region", name="Step ").last).to_contain_text("gnp.exe")
    page.goto(f"{stage.url}/console/")
    expect(page.get_by_role("article").first).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_names_without_end(stage: Stage, hands: Hands, width: int):
    hands.page.set_viewport_size({"width": width, "height": 800})
    hands.open(stage.add(TEXT.with_config(run_name="long" * 25_000)))

    go(hands)

    hands.heard("Run finished")
    assert hands.page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_the_page_is_told_about_its_runnable(stage: Stage, hands: Hands):
    url = stage.add(TEXT)

    def lie(route: Route) -> None:
        told = route.fetch().json()
        lies = {key: HOSTILE for key, value in told.items() if isinstance(value, str)}
        route.fulfill(json={**told, **lies, "playground_type": told["playground_type"]})

    hands.page.route("**/about.json", lie)
    hands.open(url)

    expect(hands.page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    hands.page.get_by_role("button", name="Share", exact=True).click()
    expect(hands.page.get_by_role("dialog")).to_be_visible()


# --- Outputs -------------------------------------------------------------------------------------

OUTPUTS = {
    "text": MARKDOWN,
    "message": AIMessage(MARKDOWN),
    "reasoning": AIMessage([{"type": "reasoning", "reasoning": HOSTILE}, MARKDOWN]),
    "call": AIMessage(
        HOSTILE,
        name=HOSTILE,
        tool_calls=[{"name": HOSTILE, "args": {HOSTILE: HOSTILE, "__proto__": {}}, "id": "1"}],
    ),
    "tool": ToolMessage(HOSTILE, tool_call_id="1", name=HOSTILE),
    "object": {HOSTILE: HOSTILE, **{key: {"polluted": HOSTILE} for key in KEYS}},
    "document": [Document(HOSTILE, metadata={"title": HOSTILE, "source": "javascript:harmed=1"})],
    "image": AIMessage(
        [{"type": "image_url", "image_url": {"url": "http://192.0.2.1/a.png"}}, HOSTILE]
    ),
    "script image": AIMessage(
        [{"type": "image_url", "image_url": {"url": "javascript:harmed=1"}}, HOSTILE]
    ),
    "drawing": "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9u"
    "bG9hZD0icGFyZW50Lmhhcm1lZD0xIj48c2NyaXB0PnBhcmVudC5oYXJtZWQ9MTwvc2NyaXB0Pjwvc3ZnPg==",
}


@pytest.mark.parametrize("shape", OUTPUTS)
def test_outputs(stage: Stage, hands: Hands, shape: str):
    value = OUTPUTS[shape]
    hands.open(stage.add(giving(value)))
    go(hands)
    hands.heard("Run finished")
    page = hands.page
    if shape != "drawing":
        expect(hands.output).to_contain_text("gnp.exe")
    for link in hands.output.get_by_role("link").all():
        assert str(link.get_attribute("href")).startswith(("http", "mailto"))
    for name in ("Reasoning", "Metadata"):
        for fold in hands.output.get_by_role("button", name=name, exact=True).all():
            fold.click()
    page.get_by_role("treegrid").get_by_role("row").last.click()
    hands.view("Raw")
    expect(hands.output.get_by_role("region", name="JSON")).to_be_visible()
    hands.view("Events")
    expect(hands.output).not_to_contain_text("This way of running it tells no events.")


def test_a_remote_picture_is_a_link_until_somebody_wants_it(stage: Stage, hands: Hands):
    text = "![chart](https://example.com/pixel.png?q=secret)"
    hands.open(stage.add(giving(text)))
    go(hands)
    hands.heard("Run finished")

    expect(hands.output.get_by_role("img")).to_have_count(0)
    expect(hands.output).to_contain_text("example.com")


# --- Errors --------------------------------------------------------------------------------------


def test_errors(stage: Stage, hands: Hands, watch: Watch):
    watch.expect("console: .* 400")

    def refuse_all(config: Any, request: Any) -> Any:
        raise HTTPException(400, HOSTILE)

    hands.open(stage.add(TEXT, per_req_config_modifier=refuse_all))
    go(hands)

    expect(hands.alert).to_contain_text(HOSTILE)


def test_answers_that_are_pages(stage: Stage, hands: Hands, watch: Watch):
    watch.expect("console: .* 502")
    hands.open(stage.add(TEXT))
    hands.page.route(
        "**/stream_events",
        lambda route: route.fulfill(status=502, content_type="text/html", body=HOSTILE),
    )
    go(hands)

    expect(hands.alert).to_contain_text("502")


# --- Links ---------------------------------------------------------------------------------------


def test_a_link_whose_configuration_makes_the_schema(stage: Stage, hands: Hands):
    name = "</script><script>harmed=1</script><img src=x onerror=harmed=1>"
    prompt = PromptTemplate.from_template("say {word}").configurable_fields(
        template=ConfigurableField(id="template", name="Template")
    )
    url = stage.add(prompt)
    config = {"configurable": {"template": f"say {{{name}}}"}}

    hands.open(f"{url}/c/{hashed(config)}")

    expect(hands.page.get_by_role("textbox", name="script><script>").first).to_be_visible()
    shows(hands.page, "script>harmed=1")


def test_a_link_that_brings_an_input(stage: Stage, hands: Hands):
    url = stage.add(RunnableLambda(str).with_types(input_type=Evil))
    given = {"plain": HOSTILE, HOSTILE: 1, "__proto__": {"polluted": 1}, "constructor": 2}
    hands.page.goto(f"{url}/playground/#input={hashed(given)}")

    expect(hands.page.get_by_label(HOSTILE, exact=True)).to_have_value(HOSTILE)
    expect(hands.page.get_by_text("Also sent:")).to_contain_text("__proto__")


@pytest.mark.parametrize(
    "fragment", ["input=", "input=%3Cscript%3E", "input=" + "A" * 40_000, "main", "<img src=x>"]
)
def test_fragments_that_mean_nothing(stage: Stage, hands: Hands, fragment: str):
    hands.page.goto(f"{stage.add(TEXT)}/playground/#{fragment}")

    hands.ready()


@pytest.mark.parametrize("config", ["nonsense", "%3Cscript%3Eharmed=1%3C%2Fscript%3E", "list"])
def test_links_that_mean_nothing(stage: Stage, hands: Hands, watch: Watch, config: str):
    watch.expect(r"4\d\d")
    chosen = hashed([HOSTILE]) if config == "list" else config
    answer = hands.page.goto(f"{stage.add(TEXT)}/c/{chosen}/playground/")

    assert answer is not None
    assert answer.status in {400, 404}
    if answer.headers["content-type"].startswith("text/html"):
        expect(hands.page.get_by_role("alert")).to_contain_text("Invalid config hash")


# --- What the page keeps, and takes from files ---------------------------------------------------


def test_history_and_comparison(stage: Stage, hands: Hands):
    hands.open(stage.add(TEXT))
    for text in (HOSTILE, f"{HOSTILE} again"):
        go(hands, text)
        expect(hands.output).to_contain_text(text)
        hands.heard("Run finished")
    hands.page.get_by_role("button", name="History", exact=True).click()
    history = hands.page.get_by_role("dialog")
    expect(history.get_by_role("listitem")).to_have_count(2)
    expect(history).to_contain_text("gnp.exe")
    for box in history.get_by_role("checkbox").all():
        box.click()

    history.get_by_role("button", name="Compare").click()

    expect(hands.page.get_by_role("region", name="Output").last).to_contain_text("gnp.exe")


def test_cells_of_a_table(stage: Stage, hands: Hands):
    got: list[Any] = []

    def keep(value: Any) -> Any:
        got.append(value)
        return value

    hands.open(stage.add(RunnableLambda(keep)))
    panel = hands.tab("Batch")
    cell = HOSTILE.replace('"', '""')
    header = "<img src=x onerror=harmed=1>"
    panel.get_by_label("Inputs as CSV").fill(
        f'a,__proto__,constructor,{header}\n"{cell}",=1+1,"{cell}",@x\n'
    )
    panel.get_by_role("button", name="Run 1 row").click()
    hands.heard("Batch finished: 1 done")

    assert got == [{"a": HOSTILE, "__proto__": "=1+1", "constructor": HOSTILE, header: "@x"}]
    panel.get_by_role("button", name="Open row 1").click()
    expect(hands.page.get_by_role("dialog", name="Row 1")).to_contain_text("gnp.exe")


def test_code(stage: Stage, hands: Hands):
    hands.open(stage.add(TEXT))
    hands.page.get_by_role("tabpanel", name="Form").get_by_role("textbox").fill(HOSTILE)

    panel = hands.tab("Code")

    for language in ("curl", "Python", "JavaScript"):
        panel.get_by_role("radio", name=language, exact=True).click()
        expect(panel.get_by_role("region", name=f"Code for {language}")).to_contain_text("gnp.exe")


def test_drafts(stage: Stage, hands: Hands):
    hands.open(stage.add(TEXT))
    draft = {
        "input": {"value": {"is": HOSTILE, "__proto__": 1}, "json": HOSTILE},
        "method": HOSTILE,
    }
    hands.page.get_by_role("tabpanel", name="Form").get_by_role("textbox").fill("kept")
    hands.page.wait_for_function("() => sessionStorage.length + localStorage.length > 0")
    hands.page.evaluate(
        """draft => { for (const store of [sessionStorage, localStorage])
             for (const key of Object.keys(store)) store.setItem(key, draft); }""",
        json.dumps(draft),
    )

    hands.page.reload()

    hands.ready()
