"""Where LangServe keeps the marker for inputs that stay objects."""

from moorage.protocols.langserve import CustomUserType

__all__ = ["CustomUserType"]
