import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from moorage.auth import Credentials
from moorage.auth.jwks import KeyFile, PublishedKeys
from moorage.auth.jwt import Expected, Tokens
from moorage.errors import Misconfigured, Unauthenticated, Unavailable

pytestmark = pytest.mark.anyio

ISSUER, AUDIENCE = "https://login.example.com/", "agents"
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa"})
EXPECTED = Expected(
    issuer=ISSUER, audience=AUDIENCE, algorithms=("RS256", "ES256", "Ed25519", "PS256")
)
ANY = JWSRegistry(algorithms=list(JWSRegistry.algorithms), strict_check_header=False)


class Seconds:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def jwks(*keys: Any) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def token(
    key: Any = RSA, algorithm: str = "RS256", header: dict[str, Any] | None = None, **claims: Any
) -> str:
    facts = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": int(time.time()) + 600}
    present = {name: value for name, value in {**facts, **claims}.items() if value is not None}
    kid = {"kid": key.kid} if key.kid else {}
    return jwt.encode({"alg": algorithm, **kid, **(header or {})}, present, key, registry=ANY)


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def encoded(**header: Any) -> str:
    return base64url(json.dumps(header).encode())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks(RSA, EC, ED))
    return path


@pytest.fixture
def tokens(file: Path) -> Tokens:
    return Tokens(EXPECTED, KeyFile(file))


async def refusal(tokens: Tokens, bearer: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await tokens.authenticate(Credentials(bearer=bearer))
    assert bearer not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256"), (ED, "Ed25519")]
)
async def test_a_token_of_the_issuer_names_its_subject(tokens: Tokens, key: Any, algorithm: str):
    bearer = token(key, algorithm, scope="invoke stream", name="Alice A.", team="blue")

    for _ in range(2):
        caller = await tokens.authenticate(Credentials(bearer=bearer))

        assert caller is not None
        assert (caller.identity, caller.method, caller.display_name) == ("alice", "jwt", "Alice A.")
        assert caller.scopes == {"invoke", "stream"}
        assert caller.claims["team"] == "blue"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scp": "a b"}, {"a", "b"}),
        ({"scp": ["a", "b", 7]}, {"a", "b"}),
        ({"scope": "a", "scp": ["b"]}, {"a", "b"}),
        ({}, set()),
    ],
)
async def test_scopes_are_words_or_a_list(
    tokens: Tokens, claims: dict[str, Any], expected: set[str]
):
    caller = await tokens.authenticate(Credentials(bearer=token(**claims)))

    assert caller is not None
    assert caller.scopes == expected


async def test_one_of_several_audiences_is_enough(tokens: Tokens):
    bearer = token(aud=["other", AUDIENCE])

    assert await tokens.authenticate(Credentials(bearer=bearer)) is not None


@pytest.mark.parametrize(
    ("claims", "problem"),
    [
        ({"iss": "https://evil.example.com/"}, "claim iss"),
        ({"iss": None}, "claim iss"),
        ({"aud": "others"}, "claim aud"),
        ({"aud": None}, "claim aud"),
        ({"sub": None}, "claim sub"),
        ({"sub": ""}, "claim sub"),
        ({"sub": 7}, "claim sub"),
        ({"exp": None}, "claim exp"),
        ({"exp": "tomorrow"}, "claim exp"),
        ({"exp": int(time.time()) - 60}, "expired"),
        ({"nbf": int(time.time()) + 86_400}, "claim nbf"),
        ({"iat": int(time.time()) + 86_400}, "claim iat"),
    ],
)
async def test_a_token_with_wrong_claims_is_refused(
    tokens: Tokens, claims: dict[str, Any], problem: str
):
    assert problem in await refusal(tokens, token(**claims))


async def test_an_expiry_beyond_all_numbers_is_no_error(tokens: Tokens):
    assert await tokens.authenticate(Credentials(bearer=token(exp=10**400))) is not None


async def test_clocks_may_differ_a_little(tokens: Tokens):
    now = int(time.time())

    assert await tokens.authenticate(Credentials(bearer=token(exp=now - 5))) is not None
    assert await tokens.authenticate(Credentials(bearer=token(nbf=now + 5))) is not None


async def test_a_token_signed_by_somebody_else_is_refused(tokens: Tokens):
    assert "signature" in await refusal(tokens, token(STRANGER))


async def test_a_token_that_was_altered_is_refused(tokens: Tokens):
    header, _, signature = token().split(".")
    payload = token(sub="mallory").split(".")[1]

    assert "signature" in await refusal(tokens, f"{header}.{payload}.{signature}")


async def test_an_unsigned_token_is_refused(tokens: Tokens):
    payload = token().split(".")[1]

    for header in (encoded(alg="none"), encoded(alg="none", kid="rsa"), encoded(alg="None")):
        assert "algorithm" in await refusal(tokens, f"{header}.{payload}.")


async def test_a_public_key_is_not_taken_for_a_shared_secret(tokens: Tokens):
    payload = token().split(".")[1]
    signed = f"{encoded(alg='HS256', kid='rsa')}.{payload}"
    mac = hmac.digest(RSA.as_pem(private=False), signed.encode(), "sha256")

    assert "algorithm" in await refusal(tokens, f"{signed}.{base64url(mac)}")


async def test_a_shared_secret_in_the_key_set_is_left_out(tmp_path: Path):
    secret = OctKey.generate_key(256, {"kid": "oct"})
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [secret.as_dict(private=True), RSA.as_dict()]}))
    tokens = Tokens(EXPECTED, KeyFile(path))

    await refusal(tokens, token(secret, "HS256"))
    assert await tokens.authenticate(Credentials(bearer=token())) is not None


async def test_a_key_is_used_only_for_its_own_kind_of_signature(tokens: Tokens):
    assert "signature" in await refusal(tokens, token(EC, "ES256", {"kid": "rsa"}))


async def test_an_algorithm_that_is_not_accepted_is_refused(file: Path):
    tokens = Tokens(Expected(issuer=ISSUER, audience=AUDIENCE), KeyFile(file))

    assert "algorithm" in await refusal(tokens, token(RSA, "RS512"))


async def test_a_token_without_key_id_is_tried_with_the_issuers_keys(tokens: Tokens):
    nameless = RSAKey.import_key({k: v for k, v in RSA.as_dict(private=True).items() if k != "kid"})
    other = RSAKey.import_key(
        {k: v for k, v in STRANGER.as_dict(private=True).items() if k != "kid"}
    )

    assert await tokens.authenticate(Credentials(bearer=token(nameless))) is not None
    assert "signature" in await refusal(tokens, token(other))


async def test_header_parameters_that_nobody_knows_are_ignored(tokens: Tokens):
    bearer = token(header={"ver": "1.0"})

    assert await tokens.authenticate(Credentials(bearer=bearer)) is not None


async def test_critical_header_parameters_that_nobody_knows_are_not(tokens: Tokens):
    _, payload, signature = token().split(".")
    critical = encoded(alg="RS256", kid="rsa", crit=["x"], x=1)

    await refusal(tokens, f"{critical}.{payload}.{signature}")


@pytest.mark.parametrize("bearer", ["..", "a.b.c", "e30.e30.e30", "ü.ü.ü", "eyJhbGciOjF9.e30.e30"])
async def test_what_only_looks_like_a_token_is_refused(tokens: Tokens, bearer: str):
    await refusal(tokens, bearer)


@pytest.mark.parametrize(
    "credentials", [Credentials(), Credentials(bearer="moorage_key"), Credentials(api_key="a.b.c")]
)
async def test_what_is_no_token_is_left_to_others(tokens: Tokens, credentials: Credentials):
    assert await tokens.authenticate(credentials) is None


async def test_a_token_that_was_good_expires(file: Path):
    clock = Seconds(time.time())
    tokens = Tokens(EXPECTED, KeyFile(file), now=clock)
    bearer = token(exp=int(clock.now) + 10)
    assert await tokens.authenticate(Credentials(bearer=bearer)) is not None

    clock.now += 60

    assert "expired" in await refusal(tokens, bearer)


async def test_a_token_that_was_good_stops_counting_when_its_key_is_withdrawn(
    file: Path,
):
    clock = Seconds(0)
    tokens = Tokens(EXPECTED, KeyFile(file, now=clock))
    bearer = token()
    assert await tokens.authenticate(Credentials(bearer=bearer)) is not None

    file.write_bytes(jwks(EC))
    clock.now += 1

    assert "signature" in await refusal(tokens, bearer)


async def test_no_more_than_so_many_verified_tokens_are_remembered(
    tokens: Tokens,
):
    for number in range(1100):
        await tokens.authenticate(Credentials(bearer=token(EC, "ES256", sub=f"user {number}")))

    assert len(tokens._verified) == 1024


@pytest.mark.parametrize("algorithms", [(), ("none",), ("RS256", "HS256")])
def test_only_public_key_signatures_can_be_accepted(algorithms: tuple[str, ...]):
    with pytest.raises(Misconfigured):
        Expected(issuer=ISSUER, audience=AUDIENCE, algorithms=algorithms)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}, 5]}']
)
def test_a_file_that_is_no_key_set_stops_the_start(tmp_path: Path, content: str):
    path = tmp_path / "jwks.json"
    path.write_text(content)

    with pytest.raises(Misconfigured, match=r"jwks\.json: it "):
        KeyFile(path)


class Issuer:
    """Publishes keys over HTTP and counts how often they are fetched."""

    def __init__(self, *keys: Any) -> None:
        self.content = jwks(*keys)
        self.status = 200
        self.fetched = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.fetched += 1
            await send({"type": "http.response.start", "status": self.status, "headers": []})
            await send({"type": "http.response.body", "body": self.content})


Serve = Callable[..., str]


async def test_published_keys_are_fetched_once(serve: Serve):
    issuer = Issuer(RSA, EC)
    tokens = Tokens(EXPECTED, PublishedKeys(serve(issuer) + "/jwks.json"))

    for bearer in (token(), token(), token(EC, "ES256")):
        assert await tokens.authenticate(Credentials(bearer=bearer)) is not None

    assert issuer.fetched == 1


async def test_a_new_key_is_fetched_when_a_token_names_it_but_not_more_than_once_a_minute(
    serve: Serve,
):
    issuer, clock = Issuer(RSA), Seconds(1000)
    tokens = Tokens(EXPECTED, PublishedKeys(serve(issuer), now=clock))
    assert await tokens.authenticate(Credentials(bearer=token())) is not None

    issuer.content = jwks(RSA, EC)
    await refusal(tokens, token(EC, "ES256"))
    assert issuer.fetched == 1
    clock.now += 60
    assert await tokens.authenticate(Credentials(bearer=token(EC, "ES256"))) is not None
    assert issuer.fetched == 2

    for number in range(20):
        await refusal(tokens, token(header={"kid": f"invented {number}"}))
    assert issuer.fetched == 2


async def test_a_withdrawn_key_stops_counting_after_ten_minutes(serve: Serve):
    issuer, clock = Issuer(RSA, EC), Seconds(1000)
    tokens = Tokens(EXPECTED, PublishedKeys(serve(issuer), now=clock))
    bearer = token()
    assert await tokens.authenticate(Credentials(bearer=bearer)) is not None

    issuer.content = jwks(EC)
    clock.now += 600

    assert "signature" in await refusal(tokens, bearer)


@pytest.mark.parametrize(("status", "content"), [(500, b""), (302, b""), (200, b"<html>")])
async def test_known_keys_go_on_counting_while_the_issuer_is_out_of_order(
    serve: Serve, caplog: pytest.LogCaptureFixture, status: int, content: bytes
):
    issuer, clock = Issuer(RSA), Seconds(1000)
    tokens = Tokens(EXPECTED, PublishedKeys(serve(issuer), now=clock))
    assert await tokens.authenticate(Credentials(bearer=token())) is not None

    issuer.status, issuer.content = status, content
    clock.now += 600

    assert await tokens.authenticate(Credentials(bearer=token())) is not None
    assert issuer.fetched == 2
    assert "cannot be fetched" in caplog.text


async def test_without_keys_the_client_is_told_to_come_again(serve: Serve):
    issuer, clock = Issuer(RSA), Seconds(1000)
    issuer.status = 500
    tokens = Tokens(EXPECTED, PublishedKeys(serve(issuer), now=clock))

    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            await tokens.authenticate(Credentials(bearer=token()))
        assert caught.value.retry_after == 5
    assert issuer.fetched == 1

    issuer.status = 200
    clock.now += 5
    assert await tokens.authenticate(Credentials(bearer=token())) is not None


async def test_an_address_that_nobody_answers_is_logged_without_its_password(
    caplog: pytest.LogCaptureFixture,
):
    tokens = Tokens(EXPECTED, PublishedKeys("http://user:s3cr3t@127.0.0.1:1/jwks.json"))

    with pytest.raises(Unavailable):
        await tokens.authenticate(Credentials(bearer=token()))

    assert "ConnectError" in caplog.text
    assert "s3cr3t" not in caplog.text
