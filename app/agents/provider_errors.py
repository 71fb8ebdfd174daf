"""Says in one sentence, to the client, why a model's provider did not answer."""

from langchain_core.exceptions import ContextOverflowError

from moorage import Rejected

_TOO_MANY_REQUESTS = 429
_BROKEN = range(500, 600)
# OpenAI's code, which langchain-openai does not always turn into LangChain's class.
_TOO_LONG = "context_length_exceeded"


def explain(error: BaseException) -> Rejected | None:
    """Turn a provider's exception into the client's error; None leaves the closed 500.

    The clients of OpenAI, Anthropic and others give their exceptions a ``status_code`` and the
    provider's ``response``.
    """
    if isinstance(error, ContextOverflowError) or getattr(error, "code", None) == _TOO_LONG:
        return Rejected(400, "The conversation is too long for the model; begin a new one.")
    status = getattr(error, "status_code", None)
    if status == _TOO_MANY_REQUESTS:
        headers = getattr(getattr(error, "response", None), "headers", {})
        wait = headers.get("retry-after", "1")
        message = "The model's provider is asked too often; try again later."
        return Rejected(429, message, headers={"Retry-After": wait})
    if status in _BROKEN:
        return Rejected(502, "The model's provider failed; try again later.")
    return None
