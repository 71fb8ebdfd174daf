"""A run as a tree of graphs, read from the events that tell when each begins and ends (7.1)."""

from collections.abc import Iterable
from typing import Any

import orjson

from moorage.engine.run_events import LIFECYCLE
from moorage.engine.thread_events import Numbered, ThreadEvent

Json = dict[str, Any]


def tree_of(events: Iterable[Numbered], run_id: str | None) -> Json | None:
    """Return the tree of a run, or of the latest; None if nothing is known of it."""
    told = [one.event for one in events if one.event.method == LIFECYCLE]
    wanted = run_id or (told[-1].run_id if told else None)
    nodes: dict[tuple[str, ...], Json] = {}
    for event in told:
        if event.run_id == wanted:
            _note(nodes, event)
    for namespace in sorted(nodes, key=len):
        if namespace:
            parent = next(
                namespace[:length]
                for length in range(len(namespace) - 1, -1, -1)
                if namespace[:length] in nodes
            )
            nodes[parent].setdefault("children", []).append(nodes[namespace])
    return nodes.get(())


def _note(nodes: dict[tuple[str, ...], Json], event: ThreadEvent) -> None:
    if event.namespace and () not in nodes:
        return  # the beginning of the run is not kept any more
    data = orjson.loads(event.params)["data"]
    node = nodes.setdefault(event.namespace, {"namespace": event.namespace, "graph_name": ""})
    node["status"] = data["event"]
    node["graph_name"] = data.get("graph_name") or node["graph_name"]
