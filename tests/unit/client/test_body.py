import uuid
from typing import Any

import orjson
import pytest
from langchain_core.runnables import RunnableConfig

from moorage.client import body


def sent(config: Any) -> Any:
    return orjson.loads(body.dump(body.sendable(config)))


@pytest.mark.requirement("langserve:remote:config")
def test_callbacks_stay_here() -> None:
    assert sent(RunnableConfig(callbacks=[], tags=["a"])) == {"tags": ["a"]}


@pytest.mark.requirement("langserve:remote:config")
def test_values_that_are_not_json_are_dropped_at_any_depth() -> None:
    history = object()
    config = {
        "configurable": {
            "message_history": history,
            "session": "s",
            "deep": {"list": [1, history, {"b": object(), "c": None}], 7: "key"},
        },
        "metadata": {"object": object(), "n": 1.5},
        "recursion_limit": 25,
    }
    assert sent(config) == {
        "configurable": {"session": "s", "deep": {"list": [1, {"c": None}]}},
        "metadata": {"n": 1.5},
        "recursion_limit": 25,
    }


def test_ids_arrive_as_text() -> None:
    thread = uuid.UUID(int=1)
    assert sent({"configurable": {"thread_id": thread}}) == {
        "configurable": {"thread_id": str(thread)}
    }


def test_a_surrounding_graph_keeps_its_position_to_itself() -> None:
    configurable = {
        "__pregel_task_id": "t",
        "__pregel_send": print,
        "checkpoint_ns": "node:1",
        "checkpoint_id": "c",
        "checkpoint_map": {"": "c"},
        "thread_id": "7",
    }
    assert sent({"configurable": configurable}) == {"configurable": {"thread_id": "7"}}


def test_a_checkpoint_that_the_caller_names_is_sent() -> None:
    configurable = {"thread_id": "7", "checkpoint_id": "c"}
    assert sent({"configurable": configurable}) == {"configurable": configurable}


def test_an_object_is_joined_from_its_parts() -> None:
    assert body.join({"a": b"1", "b": b'{"c":[]}'}) == b'{"a":1,"b":{"c":[]}}'
