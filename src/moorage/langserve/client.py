"""Where LangServe keeps its client."""

from moorage.client import RemoteRunnable

__all__ = ["RemoteRunnable"]
