"""Where LangServe keeps its serializers."""

from moorage.serialization import Serializer, WellKnownLCSerializer

__all__ = ["Serializer", "WellKnownLCSerializer"]
