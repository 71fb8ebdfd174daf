"""The client of a LangServe service: a runnable that lives elsewhere. It knows no server module."""

from moorage.client.metadata import FeedbackToken, ReplyMetadata, collect_metadata
from moorage.client.remote import RemoteRunnable

__all__ = ["FeedbackToken", "RemoteRunnable", "ReplyMetadata", "collect_metadata"]
