"""A migration to moorage is a search-and-replace of the import."""

import subprocess
import sys
from importlib import import_module

import pytest

import moorage
import moorage.langserve

SUBMODULES = {
    "api_handler": ["APIHandler", "PerRequestConfigModifier", "TokenFeedbackConfig"],
    "client": ["RemoteRunnable"],
    "schema": [
        "CustomUserType",
        "Feedback",
        "FeedbackCreateRequest",
        "FeedbackCreateRequestTokenBased",
        "FeedbackToken",
        "PublicTraceLink",
        "PublicTraceLinkCreateRequest",
    ],
    "serialization": ["Serializer", "WellKnownLCSerializer"],
    "server": ["add_routes"],
}


@pytest.mark.requirement("langserve:surface:module-names")
def test_the_root_offers_what_langserve_exports() -> None:
    from langserve import __all__ as names  # noqa: PLC0415

    assert set(names) <= set(dir(moorage.langserve))
    for name in names:
        assert getattr(moorage.langserve, name) is getattr(moorage, name)


@pytest.mark.requirement("langserve:surface:module-names")
@pytest.mark.parametrize("submodule", SUBMODULES)
def test_a_submodule_offers_what_langserve_keeps_there(submodule: str) -> None:
    peer = import_module(f"langserve.{submodule}")
    ours = import_module(f"moorage.langserve.{submodule}")
    assert sorted(ours.__all__) == SUBMODULES[submodule]
    for name in ours.__all__:
        assert hasattr(peer, name)
        assert getattr(ours, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(moorage.langserve, "no_such_name")


def test_importing_the_client_by_its_old_name_loads_no_server_module() -> None:
    code = (
        "import sys, moorage.langserve.client; "
        "print([m for m in ('fastapi', 'starlette', 'uvicorn', 'moorage.protocols') "
        "if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
