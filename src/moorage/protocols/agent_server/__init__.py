"""The Agent Server's API: what its clients ask for, translated to the engine and back.

One module per resource; the protocol itself is in ``wire`` (what is sent), ``requests`` (what is
read) and ``streaming`` (what is streamed).
"""

from moorage.protocols.agent_server.requests import AGENTS_KEY
from moorage.protocols.agent_server.routes import open_paths, router

__all__ = ["AGENTS_KEY", "open_paths", "router"]
