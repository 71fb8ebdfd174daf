import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.requests import Request

from moorage import opening
from moorage.auth.interface import Credentials
from moorage.auth.keys import digest
from moorage.errors import Misconfigured, Unauthenticated
from moorage.project import Project, read
from moorage.settings import Settings

KEY = "moorage_test_key_of_ann_0123456789abcdef"
KEYS = f"ann:sha256:{digest(KEY)}"
CLAIMS = {"iss": "https://issuer", "aud": "agents", "sub": "bob", "exp": 4_000_000_000}


async def named(request: Request) -> str:
    return "carol"


async def identity(settings: Settings, **credentials: str) -> str | None:
    found = opening.authenticator(settings)
    assert found is not None
    caller = await found.authenticate(Credentials(**credentials))
    return caller.identity if caller else None


@pytest.fixture
def issuer(tmp_path: Path) -> tuple[RSAKey, dict[str, Any]]:
    key = RSAKey.generate_key(2048, {"kid": "1"})
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    issuer = {"jwt_issuer": "https://issuer", "jwt_audience": "agents", "jwt_jwks_file": str(path)}
    return key, {"auth_required": "true", **issuer}


@pytest.mark.anyio
async def test_keys_and_tokens_are_both_known_where_both_are_configured(
    issuer: tuple[RSAKey, dict[str, Any]],
) -> None:
    key, values = issuer
    settings = Settings.parse({}, api_keys=KEYS, **values)
    token = jwt.encode({"alg": "RS256", "kid": "1"}, CLAIMS, key)
    assert await identity(settings, api_key=KEY) == "ann"
    assert await identity(settings, bearer=token) == "bob"
    forged = jwt.encode({"alg": "HS256"}, CLAIMS, OctKey.generate_key(256))
    with pytest.raises(Unauthenticated):
        await identity(settings, bearer=forged)


def test_nothing_is_asked_for_where_authentication_is_off() -> None:
    assert opening.authenticator(Settings.parse({})) is None
    assert opening.own_authentication(Settings.parse({}), None) is None


@pytest.mark.anyio
async def test_the_handler_that_the_settings_name_is_used() -> None:
    handler = opening.own_authentication(
        Settings.parse({}, auth_required=True, auth_handler=f"{__name__}:named"), None
    )
    assert handler is not None
    caller = await handler(None)
    assert caller is not None
    assert caller.identity == "carol"


def test_a_handler_that_is_not_there_stops_the_start() -> None:
    settings = Settings.parse({}, auth_required=True, auth_handler="json:nothing")
    with pytest.raises(Misconfigured, match="json has no nothing"):
        opening.own_authentication(settings, None)


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what a project does to the process that serves it."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("TEAM", raising=False)
    yield
    for name in ("names", "security"):
        sys.modules.pop(name, None)
    os.environ.pop("TEAM", None)


def project(folder: Path, **auth: Any) -> Project:
    (folder / "agent.py").touch()
    (folder / "names.py").write_text("KNOWN = {'a': 'ann'}\n")
    (folder / "security.py").write_text(
        "import os\n"
        "from langgraph_sdk import Auth\n"
        "from names import KNOWN\n"
        "auth = Auth()\n"
        "asked = []\n"
        "@auth.authenticate\n"
        "def who(authorization):\n"
        "    asked.append(authorization)\n"
        "    team = os.environ['TEAM']\n"
        "    return {'identity': KNOWN[authorization], 'asked': len(asked), 'team': team}\n"
    )
    file = {
        "dependencies": ["."],
        "env": {"TEAM": "red"},
        "graphs": {"agent": "./agent.py:graph"},
        "auth": auth,
    }
    (folder / "langgraph.json").write_text(json.dumps(file))
    return read(folder, {})


def test_a_project_may_leave_authentication_to_the_service(tmp_path: Path):
    nothing = (None, None)
    assert opening.project_auth(project(tmp_path, disable_studio_auth=True)) == nothing
    assert opening.project_auth(None) == nothing


@pytest.mark.anyio
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("cache", "times"), [({}, [1, 2]), ({"cache_keys": ["a"]}, [1, 1])])
async def test_a_projects_auth_is_loaded_with_its_modules_variables_and_cache(
    tmp_path: Path, cache: dict[str, Any], times: list[int]
):
    found = project(tmp_path, path="./security.py:auth", cache=cache)
    authenticate, rule = opening.project_auth(found)
    assert authenticate
    assert rule
    request = Request({"type": "http", "headers": [(b"authorization", b"a"), (b"a", b"1")]})

    answers: list[Any] = [await authenticate(request) for _ in times]

    assert [answer.identity for answer in answers] == ["ann", "ann"]
    assert [answer.claims for answer in answers] == [
        {"asked": number, "team": "red"} for number in times
    ]


@pytest.mark.usefixtures("untouched")
@pytest.mark.anyio
async def test_a_handler_that_is_given_goes_before_the_projects(tmp_path: Path):
    found, rule = opening.callers(
        Settings.parse({}), named, project(tmp_path, path="./security.py:auth")
    )

    scope = {"type": "http", "headers": [(b"authorization", b"a")]}
    assert (await found.identify(scope)).identity == "carol"
    assert rule
