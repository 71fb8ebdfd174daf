"""The graphs of a project: imported, told apart, built for each use, described.

Knows no storage: checkpointer and store are handed in.
"""

from moorage.engine.graphs.description import Schemas
from moorage.engine.graphs.factories import Factory, Purpose
from moorage.engine.graphs.kinds import AnyGraph
from moorage.engine.graphs.loading import GraphSource, LoadFailure
from moorage.engine.graphs.registry import Graphs

__all__ = ["AnyGraph", "Factory", "GraphSource", "Graphs", "LoadFailure", "Purpose", "Schemas"]
