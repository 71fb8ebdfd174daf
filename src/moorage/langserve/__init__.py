"""LangServe's names, so that migrating to moorage is a search-and-replace of the import.

``from langserve import …`` becomes ``from moorage.langserve import …``, and the same for the
submodules that code in the wild imports from. Everything lives elsewhere; what needs the server is
loaded on first use, so that ``moorage.langserve.client`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from moorage import __version__

if TYPE_CHECKING:
    from moorage.client import RemoteRunnable
    from moorage.protocols.langserve import APIHandler, CustomUserType, add_routes

__all__ = ["APIHandler", "CustomUserType", "RemoteRunnable", "__version__", "add_routes"]

_HOMES = {
    "APIHandler": "moorage.protocols.langserve",
    "CustomUserType": "moorage.protocols.langserve",
    "RemoteRunnable": "moorage.client",
    "add_routes": "moorage.protocols.langserve",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
