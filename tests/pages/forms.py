"""A form on a page, and what arrives at the service when it is sent."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from langchain_core.runnables import Runnable, RunnableLambda
from playwright.sync_api import Locator, Page, expect

from tests.pages.stage import Hands, Stage

Asgi = Callable[..., Awaitable[None]]

_COPY_IMAGE = """async () => {
  const image = await new Promise((done) => document.createElement("canvas").toBlob(done));
  await navigator.clipboard.write([new ClipboardItem({"image/png": image})]);
}"""


def copy_image(page: Page) -> None:
    """Put a small picture on the clipboard."""
    page.evaluate(_COPY_IMAGE)


class Door:
    """An application in front of another; it keeps what runs were asked for.

    Args:
        app: The application behind it.
    """

    def __init__(self, app: Asgi) -> None:
        self._app = app
        self.bodies: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        content = b""

        async def kept() -> Any:
            nonlocal content
            message = await receive()
            if message["type"] == "http.request":
                content += message.get("body", b"")
                if not message.get("more_body"):
                    self.bodies.append(json.loads(content))
            return message

        await self._app(scope, kept, send)


class Desk:
    """A service that takes forms, for a person to fill.

    Args:
        stage: The service.
        door: What stands before it.
        hands: The person.
    """

    def __init__(self, stage: Stage, door: Door, hands: Hands) -> None:
        self.hands = hands
        self.page = hands.page
        self._stage = stage
        self._door = door

    def open(self, input_type: Any, **options: Any) -> None:
        """Open the form of a runnable that takes an ``input_type`` and says that it did."""
        took: Runnable[Any, str] = RunnableLambda(lambda _: "taken").with_types(
            input_type=input_type
        )
        self.open_runnable(took, **options)

    def open_runnable(self, runnable: Runnable[Any, Any], **options: Any) -> None:
        """Open the form of a runnable."""
        self.hands.open(self._stage.add(runnable, **options))

    def sent(self) -> Any:
        """Run it; returns the input that the service received, and took."""
        return self.sent_whole().get("input", "nothing")

    def sent_whole(self) -> dict[str, Any]:
        """Run it; returns the body that the service received, and took."""
        before = len(self._door.bodies)
        with self.page.expect_response(lambda answer: answer.request.method == "POST"):
            self.hands.run()
        self.hands.heard("Run finished")
        assert len(self._door.bodies) == before + 1
        return self._door.bodies[-1]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What the service was asked for, from the first on."""
        return self._door.bodies

    @property
    def asked(self) -> int:
        """How many runs the service was asked for."""
        return len(self._door.bodies)

    def group(self, name: str) -> Locator:
        """Return what belongs together under a name."""
        return self.page.get_by_role("group", name=name, exact=True)

    def press(self, name: str) -> None:
        """Press a button of the form."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def choose(self, name: str, choice: str) -> None:
        """Choose one of a few."""
        group = self.page.get_by_role("radiogroup", name=name, exact=True)
        group.get_by_role("radio", name=choice, exact=True).click()

    def more(self, name: str, item: str) -> None:
        """Choose from the menu of a field."""
        self.press(f"More for {name}")
        self.page.get_by_role("menuitem", name=item).click()

    def write_json(self, text: str, name: str | None = None) -> None:
        """Write into a field that is JSON, or the only one, once its editor is there."""
        panel = self.page.get_by_role("tabpanel", name="Form")
        editor = panel.get_by_role("textbox", name=name, exact=True)
        expect(editor).to_have_attribute("contenteditable", "true")
        editor.fill(text)

    def tell_whole(self, text: str) -> None:
        """Write the whole form as JSON."""
        self.choose("Edit as", "JSON")
        self.write_json(text)
