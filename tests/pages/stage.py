"""Where the tests of playgrounds happen: one service for all of them, and the hands of a person."""

import re
from itertools import count
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable
from playwright.sync_api import Locator, Page, expect

from moorage import Settings, add_routes, create_app
from moorage.testing import ScriptedChatModel

METHODS = {"stream": "Stream", "invoke": "Invoke", "batch": "Batch of one", "events": "Events"}


def service(**values: Any) -> FastAPI:
    """Make a service that keeps to itself what it has to say."""
    return create_app(Settings.parse({}, **{"log_level": "CRITICAL", **values}))


def told(text: str) -> str:
    """Return a text that no other run has."""
    return f"{text}-{uuid4().hex[:8]}"


def saying(*replies: Any) -> Runnable[Any, str]:
    """Make a chain of a prompt, a model that says these replies, and a parser."""
    return speaking(ScriptedChatModel(responses=list(replies)))


def speaking(model: ScriptedChatModel) -> Runnable[Any, str]:
    """Make the chain around a model that the test looks at."""
    return ChatPromptTemplate.from_messages([("human", "{topic}")]) | model | StrOutputParser()


class Stage:
    """A service that runs for all tests of the package; each adds runnables of its own.

    Args:
        app: The service.
        url: Where it is.
    """

    def __init__(self, app: FastAPI, url: str) -> None:
        self.app = app
        self.url = url
        self._numbers = count(1)

    def add(self, runnable: Runnable[Any, Any], **options: Any) -> str:
        """Publish a runnable; returns its base address."""
        path = f"/r{next(self._numbers)}"
        add_routes(self.app, runnable, path=path, **options)
        return f"{self.url}{path}"


class Hands:
    """What people do on the page of a runnable, by what they see and hear.

    Args:
        page: The page; it need not be open.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def input(self) -> Locator:
        """The one text field of a prompt about a topic."""
        return self.field("Topic")

    @property
    def text(self) -> Locator:
        """The field of a runnable that takes a text."""
        return self.page.get_by_role("tabpanel").get_by_role("textbox").first

    @property
    def method(self) -> Locator:
        """The choice of how it is run."""
        return self.page.get_by_label("How it is run")

    @property
    def output(self) -> Locator:
        return self.page.get_by_role("region", name="Output", exact=True).first

    @property
    def run_button(self) -> Locator:
        return self.page.get_by_role("button", name="Run", exact=True)

    @property
    def stop_button(self) -> Locator:
        return self.page.get_by_role("button", name="Stop", exact=True)

    @property
    def alert(self) -> Locator:
        return self.output.get_by_role("alert")

    def field(self, name: str) -> Locator:
        """Return a text field of the form."""
        return self.page.get_by_role("textbox", name=name, exact=True)

    def open(self, url: str) -> None:
        """Open the playground of the runnable at ``url``, and wait for its form."""
        self.page.goto(f"{url}/playground/")
        self.ready()

    def ready(self) -> None:
        """Wait for the form."""
        expect(self.run_button).to_be_visible()
        expect(self.page.get_by_role("status").filter(has_text="Loading")).to_have_count(0)

    def choose(self, method: str) -> None:
        """Choose how it is run."""
        self.method.select_option(label=METHODS[method])

    def run(self, topic: str | None = None) -> None:
        """Press Run, with a topic where the runnable takes one."""
        if topic is not None:
            self.input.fill(topic)
        self.run_button.click()

    def sign_in(self, credential: str) -> None:
        """Give a key or a token."""
        field = self.page.get_by_label("API key or token")
        field.fill(credential)
        field.press("Enter")

    def heard(self, announcement: str) -> None:
        """Wait for what screen readers are told."""
        announced = self.page.get_by_role("status").filter(has_text=re.compile(announcement))
        expect(announced).to_have_count(1)

    def settled(self) -> None:
        """Wait until the page has loaded what it shows below a run that was over."""
        expect(self.output.get_by_role("group", name="Feedback")).to_be_visible()

    def tab(self, name: str) -> Locator:
        """Go to a tab; returns its panel."""
        self.page.get_by_role("tab", name=name, exact=True).click()
        return self.page.get_by_role("tabpanel", name=name, exact=True)

    def view(self, name: str) -> None:
        """Choose how the output is shown."""
        self.output.get_by_role("radio", name=name, exact=True).click()


def see_before_end(hands: Hands, text: str, *, milliseconds: float | None = None) -> None:
    """Wait until a part of the answer is on the page while the run goes on.

    Raises:
        AssertionError: It did not come in time, or the run was over when it came.
    """
    expect(hands.output).to_contain_text(text, timeout=milliseconds)
    expect(hands.stop_button).to_be_visible()
    assert not hands.page.get_by_role("status").filter(has_text="Run finished").count()
