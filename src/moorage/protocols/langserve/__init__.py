"""LangServe's protocol: runnables over HTTP. Knows the wire and nothing of other protocols."""

from moorage.protocols.langserve.api_handler import APIHandler
from moorage.protocols.langserve.feedback import TokenFeedbackConfig
from moorage.protocols.langserve.inputs import CustomUserType
from moorage.protocols.langserve.options import PerRequestConfigModifier
from moorage.protocols.langserve.routes import add_routes

__all__ = [
    "APIHandler",
    "CustomUserType",
    "PerRequestConfigModifier",
    "TokenFeedbackConfig",
    "add_routes",
]
