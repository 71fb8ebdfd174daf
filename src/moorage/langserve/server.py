"""Where LangServe keeps ``add_routes``."""

from moorage.protocols.langserve import add_routes

__all__ = ["add_routes"]
