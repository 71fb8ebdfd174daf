import copy
import pickle

import pytest

from moorage.domain.caller import ANONYMOUS, Caller, User


def test_a_claim_cannot_pose_as_what_authentication_found_out():
    caller = Caller("alice", "jwt", claims={"identity": "root", "permissions": ["*"], "team": "a"})

    described = caller.as_configurable()

    assert described["langgraph_auth_user_id"] == "alice"
    assert described["langgraph_auth_user"] == {
        "identity": "alice",
        "display_name": "alice",
        "is_authenticated": True,
        "permissions": [],
        "team": "a",
    }


def test_a_caller_without_scopes_may_do_everything_and_one_with_scopes_only_those():
    assert Caller("alice").allows("invoke")
    assert Caller("alice", scopes=frozenset({"invoke"})).allows("invoke")
    assert not Caller("alice", scopes=frozenset({"invoke"})).allows("stream")
    assert not ANONYMOUS.is_authenticated


def test_a_user_has_every_fact_as_key_and_as_attribute():
    user = Caller("alice", "jwt", frozenset({"b", "a"}), "Alice", {"team": "red"}).as_user()
    facts = {
        "identity": "alice",
        "display_name": "Alice",
        "is_authenticated": True,
        "permissions": ["a", "b"],
        "team": "red",
    }

    assert {name: user[name] for name in user} == facts
    assert {name: getattr(user, name) for name in facts} == facts
    assert user.to_dict() == facts
    assert type(user.to_dict()) is dict
    assert "org" not in user
    assert user.get("org") is None
    with pytest.raises(AttributeError, match="org"):
        _ = user.org


def test_a_user_can_be_copied_and_shows_no_more_than_who_it_is():
    user = User({"identity": "alice", "token": "hunter2"})

    for other in (copy.copy(user), copy.deepcopy(user), pickle.loads(pickle.dumps(user))):  # noqa: S301 - our own
        assert other == user
    assert f"{user} {user!r}" == "<User 'alice'> <User 'alice'>"
