from moorage.domain.caller import ANONYMOUS, Caller


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
