"""Where LangServe keeps its marker for inputs that stay objects, and the bodies about feedback."""

from moorage.protocols.langserve import CustomUserType
from moorage.protocols.langserve.feedback import (
    Feedback,
    FeedbackCreateRequest,
    FeedbackCreateRequestTokenBased,
    FeedbackToken,
    PublicTraceLink,
    PublicTraceLinkCreateRequest,
)

__all__ = [
    "CustomUserType",
    "Feedback",
    "FeedbackCreateRequest",
    "FeedbackCreateRequestTokenBased",
    "FeedbackToken",
    "PublicTraceLink",
    "PublicTraceLinkCreateRequest",
]
