"""moorage: hosts LangChain runnables and LangGraph agents as an HTTP service.

These names are the public interface; every other module is private. They are loaded on first use,
so ``import moorage`` and ``moorage.client`` stay light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moorage.app import create_app
    from moorage.client import RemoteRunnable
    from moorage.domain.caller import Caller
    from moorage.errors import MoorageError, Rejected
    from moorage.protocols.langserve import APIHandler, CustomUserType, add_routes
    from moorage.serialization import Serializer
    from moorage.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "APIHandler",
    "Caller",
    "CustomUserType",
    "MoorageError",
    "Rejected",
    "RemoteRunnable",
    "Serializer",
    "Settings",
    "__version__",
    "add_routes",
    "create_app",
    "requires",
]

_HOMES = {
    "APIHandler": "moorage.protocols.langserve",
    "Caller": "moorage.domain.caller",
    "CustomUserType": "moorage.protocols.langserve",
    "MoorageError": "moorage.errors",
    "Rejected": "moorage.errors",
    "RemoteRunnable": "moorage.client",
    "Serializer": "moorage.serialization",
    "Settings": "moorage.settings",
    "add_routes": "moorage.protocols.langserve",
    "create_app": "moorage.app",
    "requires": "moorage.edge.scopes",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'moorage' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
