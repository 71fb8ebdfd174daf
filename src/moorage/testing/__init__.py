"""What users' tests need in place of mocks: real models, servers and clocks, under control."""

from moorage.testing.clock import ManualClock
from moorage.testing.gates import Gate, Signal
from moorage.testing.model_server import CUT, Failure, Garbage, ModelServer, ServerReply, ServerStep
from moorage.testing.models import ScriptedChatModel
from moorage.testing.script import Reply, ScriptEndedError, Step, call
from moorage.testing.serving import serving

__all__ = [
    "CUT",
    "Failure",
    "Garbage",
    "Gate",
    "ManualClock",
    "ModelServer",
    "Reply",
    "ScriptEndedError",
    "ScriptedChatModel",
    "ServerReply",
    "ServerStep",
    "Signal",
    "Step",
    "call",
    "serving",
]
