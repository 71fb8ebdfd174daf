"""Chooses the chat model that drives the demo."""

import sys

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel

from app.agents.offline_model import OfflineModel


def chat_model(name: str) -> BaseChatModel:
    """Make the model ``provider:name``, or the offline one when there is no name.

    Raises:
        SystemExit: With status 2, after one line on standard error: the provider's package is not
            installed, or the provider wants something that is not set, such as a key.
    """
    if not name:
        return OfflineModel()
    try:
        return init_chat_model(name)
    except Exception as error:  # noqa: BLE001  # every provider has error classes of its own
        reason = str(error).strip().splitlines()[0]
        sys.stderr.write(f"moorage: MOORAGE_MODEL: {name} cannot be used: {reason}\n")
        raise SystemExit(2) from None
