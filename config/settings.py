"""The demo's settings: those of every moorage service, and two of its own."""

from pathlib import Path

from pydantic import Field

import moorage


class Settings(moorage.Settings):
    """What the demo is told about the place it runs in."""

    model: str = Field(
        default="",
        description="The chat model, as `provider:name` for LangChain's `init_chat_model`; unset,"
        " a small one that answers offline, in quotations.",
        examples=["anthropic:claude-sonnet-4-5"],
        pattern=r"^([a-z_]+:\S+)?$",
    )
    knowledge: Path = Field(
        default=Path(__file__).parents[1],
        description="The folder whose `README.md` and `docs` the agent searches.",
        examples=["/srv/handbook"],
    )
