from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from moorage.domain.assistants import Assistant
from moorage.domain.caller import ANONYMOUS, Caller, without_identity
from moorage.engine.run_config import (
    Asked,
    Configured,
    as_called,
    configure,
)
from moorage.errors import BadRequest

THEN = datetime(2026, 1, 1, tzinfo=UTC)
ASSISTANT = Assistant(
    assistant_id="a",
    graph_id="g",
    name="g",
    created_at=THEN,
    updated_at=THEN,
    config={"tags": ["x"], "recursion_limit": 7, "configurable": {"model": "one", "tone": "dry"}},
    context={"tone": "dry"},
    metadata={"created_by": "system", "team": "red"},
)
RUN = "01a1ff9b-ab4a-761a-bb90-03467a4423d2"
ADA = Caller("ada", "api_key", frozenset({"run"}), claims={"org": "o"})
IDENTITY = {"graph_id": "g", "assistant_id": "a", "run_id": RUN, "thread_id": "t"}


def configured(asked: Asked, caller: Caller = ANONYMOUS, **changes: Any) -> Configured:
    assistant = replace(ASSISTANT, **changes)
    return configure(asked, assistant, caller, run_id=RUN, thread_id="t")


@pytest.mark.requirement("agents:nodes:configurable")
def test_the_clients_choice_wins_over_the_assistants():
    asked = Asked(config={"tags": ["y"], "recursion_limit": 9, "configurable": {"model": "two"}})
    config = configured(asked).config

    assert config["tags"] == ["x", "y"]
    assert config["recursion_limit"] == 9
    assert config["configurable"]["model"] == "two"
    assert config["configurable"]["tone"] == "dry"


@pytest.mark.requirement("agents:nodes:ids")
def test_nodes_find_out_where_they_run():
    config = configured(Asked(request_id="q", checkpoint={"checkpoint_id": "c", "other": 1})).config

    assert config["configurable"].items() >= IDENTITY.items()
    assert config["metadata"].items() >= IDENTITY.items()
    assert config["configurable"]["langgraph_request_id"] == "q"
    assert config["configurable"]["checkpoint_id"] == "c"
    assert "other" not in config["configurable"]


@pytest.mark.requirement("agents:nodes:metadata")
def test_metadata_are_the_assistants_with_the_configs_and_the_runs_own():
    asked = Asked(config={"metadata": {"team": "blue", "a": 1}}, metadata={"a": 2})
    found = configured(asked)

    assert found.metadata == {
        "created_by": "system",
        "team": "blue",
        "a": 2,
        "graph_id": "g",
        "assistant_id": "a",
    }
    assert found.config["metadata"].items() >= {"team": "blue", "a": 2}.items()


@pytest.mark.requirement("agents:nodes:context")
def test_a_context_is_mirrored_into_the_configurable_and_back():
    by_context = configured(Asked(context={"tone": "warm"}))
    by_configurable = configured(Asked(config={"configurable": {"tone": "warm"}}))

    assert by_context.context == by_configurable.context == {"tone": "warm"}
    assert by_context.config["configurable"]["tone"] == "warm"
    assert configured(Asked()).context == {"tone": "dry"}


@pytest.mark.requirement("agents:runs:both-contexts")
def test_both_at_once_are_refused():
    with pytest.raises(BadRequest, match="Cannot specify both"):
        configured(Asked(config={"configurable": {"a": 1}}, context={"a": 1}))


@pytest.mark.requirement("agents:nodes:identity")
def test_a_client_cannot_say_who_it_is():
    forged = {
        "langgraph_auth_user": {"identity": "root"},
        "langgraph_auth_user_id": "root",
        "langgraph_auth_permissions": ["*"],
        "user_id": "root",
        "__pregel_send": "x",
        "run_id": "other",
        "thread_id": "other",
    }
    nobody = configured(Asked(config={"configurable": forged})).config["configurable"]
    ada = configured(Asked(config={"configurable": forged}), ADA).config["configurable"]

    assert (nobody["langgraph_auth_user"], nobody["langgraph_auth_user_id"]) == (None, "")
    assert nobody["user_id"] == "root"  # where nobody is known, this is a key like any other
    assert ada["langgraph_auth_user"]["identity"] == ada["user_id"] == "ada"
    assert ada["langgraph_auth_permissions"] == ["run"]
    assert ada["langgraph_auth_user"]["org"] == "o"
    assert ada.items() >= IDENTITY.items()
    assert "__pregel_send" not in ada


def test_an_assistant_without_a_limit_sets_none():
    assert "recursion_limit" not in configured(Asked(), config={}).config


def test_a_thread_keeps_what_the_client_and_the_assistant_chose():
    sent = {
        "model": "two",
        "user_id": "eve",
        "checkpoint_id": "c",
        "run_id": "other",
        "__pregel_send": 1,
    }
    asked = Asked(config={"configurable": sent}, headers={"x-key": "secret"}, request_id="q")

    assert configured(asked, ADA).chosen == {"model": "two", "tone": "dry"}
    assert configured(asked).chosen == {"model": "two", "tone": "dry", "user_id": "eve"}


@pytest.mark.parametrize("where", ["assistant", "configurable", "context"])
def test_what_graphs_keep_for_themselves_cannot_be_sent(where: str):
    forged = {"__pregel_send": "x", "langgraph_auth_extra": "x", "tone": "warm"}
    asked = {
        "assistant": Asked(),
        "configurable": Asked(config={"configurable": forged}),
        "context": Asked(context=forged),
    }[where]
    config = {"configurable": forged} if where == "assistant" else {}
    found = configured(asked, config=config, context={}).config["configurable"]

    assert found["tone"] == "warm"
    assert found.keys().isdisjoint({"__pregel_send", "langgraph_auth_extra"})


def test_a_stored_config_is_called_with_its_user_again():
    config = configured(Asked(), ADA).config
    called = as_called(orjson.loads(orjson.dumps(config)), 2)
    user = called["configurable"]["langgraph_auth_user"]

    assert called == {
        **config,
        "run_id": UUID(config["run_id"]),
        "metadata": {**config["metadata"], "run_attempt": 2},
    }
    assert (user.identity, user["identity"], user.get("org")) == ("ada", "ada", "o")
    assert (user.permissions, user.is_authenticated, user.org) == (["run"], True, "o")
    nobody = as_called(configured(Asked()).config, 1)["configurable"]
    assert nobody["langgraph_auth_user"] is None


def test_others_see_a_config_without_what_is_known_of_its_caller():
    config = configured(Asked(config={"configurable": {"model": "two"}}), ADA).config
    shown = without_identity(config)

    assert shown["configurable"]["model"] == "two"
    assert shown["metadata"] == config["metadata"]
    assert not any(name.startswith("langgraph_auth_") for name in shown["configurable"])
    assert "langgraph_auth_user" in config["configurable"]
    assert without_identity({"tags": []}) == {"tags": []}
