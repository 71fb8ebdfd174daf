"""The Agent Server's API: what its clients ask for, translated to the engine and back.

One module per resource; the protocol itself is in ``wire`` (what is sent), ``requests`` (what is
read) and ``streaming`` (what is streamed).
"""

from moorage.protocols.agent_server.requests import AGENTS_KEY
from moorage.protocols.agent_server.routes import OPEN, ROOTS, publish
from moorage.protocols.agent_server.system import about

__all__ = ["AGENTS_KEY", "OPEN", "ROOTS", "about", "publish"]
