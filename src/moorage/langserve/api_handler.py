"""Where LangServe keeps the handler for routes of one's own."""

from moorage.protocols.langserve import (
    APIHandler,
    PerRequestConfigModifier,
    TokenFeedbackConfig,
)

__all__ = ["APIHandler", "PerRequestConfigModifier", "TokenFeedbackConfig"]
