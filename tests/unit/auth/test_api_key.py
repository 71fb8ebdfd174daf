import logging
from pathlib import Path

import pytest

from moorage.auth import Credentials, keys
from moorage.auth.api_key import ApiKeys
from moorage.auth.keys import ApiKey
from moorage.errors import Misconfigured

pytestmark = pytest.mark.anyio

ALICE = "moorage_secret-of-alice-0001"
BOB = "moorage_secret-of-bob-000002"


def entry(name: str, secret: str, *scopes: str) -> str:
    return str(ApiKey(name, keys.digest(secret), frozenset(scopes)))


class Seconds:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def identity(authenticator: ApiKeys, secret: str) -> str | None:
    caller = await authenticator.authenticate(Credentials(bearer=secret))
    return caller.identity if caller else None


@pytest.mark.parametrize("credentials", [Credentials(bearer=ALICE), Credentials(api_key=ALICE)])
async def test_a_key_is_known_from_either_header(credentials: Credentials):
    authenticator = ApiKeys([entry("alice", ALICE, "invoke"), entry("bob", BOB)])

    caller = await authenticator.authenticate(credentials)

    assert caller is not None
    assert (caller.identity, caller.method) == ("alice", "api_key")
    assert caller.scopes == {"invoke"}
    assert caller.allows("invoke")
    assert not caller.allows("stream")


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(),
        Credentials(bearer=""),
        Credentials(bearer=ALICE[:-1]),
        Credentials(bearer=ALICE + " "),
        Credentials(api_key=keys.digest(ALICE)),
        Credentials(bearer="\udcff\x00ü"),
    ],
)
async def test_nobody_is_known_by_anything_else(credentials: Credentials):
    assert await ApiKeys([entry("alice", ALICE)]).authenticate(credentials) is None


async def test_keys_come_from_lines_hashed_or_plain(tmp_path: Path):
    file = tmp_path / "api_keys"
    file.write_text(f"# ours\n\n{entry('alice', ALICE)}\n  bob:plain:{BOB}:invoke,stream\n")

    authenticator = ApiKeys([entry("carol", "moorage_secret-of-carol-3")], file=file)

    assert await identity(authenticator, ALICE) == "alice"
    assert await identity(authenticator, BOB) == "bob"
    assert await identity(authenticator, "moorage_secret-of-carol-3") == "carol"


async def test_keys_come_from_toml(tmp_path: Path):
    file = tmp_path / "keys.toml"
    file.write_text(
        f'[alice]\nsecret = "{ALICE}"\nscopes = ["invoke"]\n\n'
        f'["bob@example.com"]\nsha256 = "{keys.digest(BOB).upper()}"\n'
    )

    authenticator = ApiKeys(file=file)

    assert await identity(authenticator, ALICE) == "alice"
    assert await identity(authenticator, BOB) == "bob@example.com"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("keys", f"alice:plain:{ALICE}\nbob:{BOB}\n", "line 2: a key is written"),
        ("keys", b"\xff\xfe", "not UTF-8"),
        ("keys", f"alice:plain:{ALICE}\nbob:plain:{ALICE}\n", "alice and bob have the same secret"),
        ("keys.toml", f'alice = "{ALICE}"', "key 1: a key is a table"),
        ("keys.toml", f'[alice]\nsecret = "{ALICE}\n', "not valid TOML"),
        ("keys.toml", f'[alice]\nsecret = "{ALICE}"\nrole = "x"', "nothing else"),
        ("keys.toml", f'[alice]\nsecret = "{ALICE}"\nscopes = "all"', "scopes are a list"),
        ("keys.toml", f'[alice]\nsecret = "{ALICE}"\nscopes = []', "scopes are a list"),
        ("keys.toml", "[alice]\nsha256 = 5", "sha256 is a string"),
        ("keys.toml", '[alice]\nsha256 = ""', "64 hexadecimal digits"),
        ("keys.toml", f'[alice]\nsecret = "{ALICE}"\nsha256 = "{64 * "a"}"', "either secret or"),
    ],
)
def test_a_malformed_file_stops_the_start_and_shows_no_secret(
    tmp_path: Path, name: str, content: str | bytes, problem: str
):
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)

    with pytest.raises(Misconfigured, match=problem) as caught:
        ApiKeys(file=file)

    assert str(caught.value).startswith(str(file))
    assert ALICE not in str(caught.value)


def test_a_missing_file_stops_the_start(tmp_path: Path):
    with pytest.raises(Misconfigured, match="cannot be read"):
        ApiKeys(file=tmp_path / "none")


async def test_a_rotated_key_counts_within_a_second(tmp_path: Path):
    file, clock = tmp_path / "api_keys", Seconds()
    file.write_text(f"alice:plain:{ALICE}\n")
    authenticator = ApiKeys(file=file, now=clock)

    file.write_text(f"alice:plain:{BOB}\n")
    assert await identity(authenticator, ALICE) == "alice"
    clock.now += 1

    assert await identity(authenticator, ALICE) is None
    assert await identity(authenticator, BOB) == "alice"


async def test_a_file_that_becomes_malformed_leaves_the_keys_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    file, clock = tmp_path / "api_keys", Seconds()
    file.write_text(f"alice:plain:{ALICE}\n")
    authenticator = ApiKeys(file=file, now=clock)

    file.write_text(f"alice:{BOB}\n")
    for _ in range(3):
        clock.now += 1
        assert await identity(authenticator, ALICE) == "alice"

    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "line 1: a key is written" in record.message
    assert BOB not in caplog.text


async def test_a_file_that_is_gone_leaves_the_keys_until_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    file, clock = tmp_path / "api_keys", Seconds()
    file.write_text(f"alice:plain:{ALICE}\n")
    authenticator = ApiKeys(file=file, now=clock)

    file.unlink()
    for _ in range(3):
        clock.now += 1
        assert await identity(authenticator, ALICE) == "alice"
    assert len(caplog.records) == 1

    file.write_text(f"bob:plain:{BOB}\n")
    clock.now += 1
    assert await identity(authenticator, ALICE) is None
    assert await identity(authenticator, BOB) == "bob"


async def test_no_secret_is_shown_by_an_authenticator_or_its_credentials():
    authenticator = ApiKeys([entry("alice", ALICE)])
    credentials = Credentials(bearer=ALICE, api_key=ALICE)
    caller = await authenticator.authenticate(credentials)

    assert ALICE not in f"{credentials!r} {credentials} {authenticator!r} {vars(authenticator)}"
    assert ALICE not in f"{caller!r}"
