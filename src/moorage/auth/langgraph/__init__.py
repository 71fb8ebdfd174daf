"""A project's own authentication and authorization, written with ``langgraph_sdk.Auth``."""

from moorage.auth.langgraph.loading import ProjectAuth, load
from moorage.auth.langgraph.remembering import Remembrance

__all__ = ["ProjectAuth", "Remembrance", "load"]
