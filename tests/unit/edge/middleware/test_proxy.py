from collections.abc import Callable
from urllib.parse import unquote

import httpx
import orjson
import pytest
from starlette.types import Receive, Scope, Send

from moorage.edge.middleware.proxy import ProxyHeaders
from moorage.errors import Misconfigured

Serve = Callable[..., str]

pytestmark = pytest.mark.anyio

TRUSTED = ("127.0.0.0/8", "::1", "10.0.0.0/8", "2001:db8:1::/48")


async def show(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what the application sees of the request."""
    seen = {name: scope[name] for name in ("client", "scheme", "root_path", "path")}
    seen["hosts"] = [value.decode() for value in hosts(scope)]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": orjson.dumps(seen)})


async def unused(*_: object) -> object:
    raise AssertionError("not for this test")


async def seen(*headers: tuple[str, str], path: str = "/", **scope: object) -> Scope:
    """Return the scope behind the middleware, for a request that came from 127.0.0.1."""
    given: Scope = {
        "type": "http",
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "root_path": "",
        "path": unquote(path),
        "raw_path": path.encode(),
        "headers": [
            (b"host", b"inside:8000"),
            *((name.lower().encode(), value.encode()) for name, value in headers),
        ],
        **scope,
    }
    found: list[Scope] = []

    async def keep(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope)

    trusted = scope.get("trusted", TRUSTED)
    await ProxyHeaders(keep, trusted=trusted)(given, unused, unused)  # type: ignore[arg-type]
    return found[0]


def hosts(scope: Scope) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == b"host"]


@pytest.mark.parametrize(
    ("hops", "client", "port"),
    [
        ("192.0.2.7", "192.0.2.7", 0),
        ("192.0.2.7:4711", "192.0.2.7", 4711),
        ("2001:db8::7", "2001:db8::7", 0),
        ("[2001:db8::7]:4711", "2001:db8::7", 4711),
        ("[2001:db8::7]", "2001:db8::7", 0),
        ("2001:DB8:0::0007", "2001:db8::7", 0),
        ("::ffff:192.0.2.7", "192.0.2.7", 0),
        ("192.0.2.7:999999", "192.0.2.7", 0),
        ("192.0.2.7:-1", "192.0.2.7", 0),
        (" 192.0.2.7 , 10.1.2.3 ", "192.0.2.7", 0),
    ],
)
async def test_the_client_is_the_address_that_the_trusted_proxy_saw(
    hops: str, client: str, port: int
):
    answer = await seen(("X-Forwarded-For", hops))
    assert answer["client"] == (client, port)


@pytest.mark.parametrize(
    "hops",
    [
        "203.0.113.1, 192.0.2.7",
        "10.9.9.9, 192.0.2.7",
        "203.0.113.1, 192.0.2.7, 10.1.1.1, 2001:db8:1::1",
        "203.0.113.1, 192.0.2.7, ::ffff:10.1.1.1",
    ],
)
async def test_what_a_client_claims_to_the_left_of_its_address_is_ignored(hops: str):
    assert (await seen(("X-Forwarded-For", hops)))["client"][0] == "192.0.2.7"


async def test_several_headers_are_one_list():
    hops = (("X-Forwarded-For", "203.0.113.1"), ("X-Forwarded-For", "192.0.2.7, 10.0.0.1"))
    assert (await seen(*hops))["client"][0] == "192.0.2.7"


async def test_a_chain_of_trusted_hops_ends_at_the_first_of_them():
    assert (await seen(("X-Forwarded-For", "10.0.0.9, 10.0.0.1")))["client"][0] == "10.0.0.9"


@pytest.mark.parametrize("hops", ["unknown", "", ",,,", "_hidden", "evil.example", "1" * 30_000])
async def test_a_hop_without_an_address_leaves_the_peer_as_the_client(hops: str):
    assert (await seen(("X-Forwarded-For", hops)))["client"][0] == "127.0.0.1"


async def test_a_nameless_hop_ends_the_chain_at_the_proxy_before_it():
    hops = ("X-Forwarded-For", "203.0.113.1, unknown, 10.0.0.1")
    assert (await seen(hops))["client"][0] == "10.0.0.1"


def over_a_socket(base: str) -> dict[str, object]:
    headers = {
        "X-Forwarded-For": "203.0.113.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "api.example.com",
        "X-Forwarded-Prefix": "/api",
        "Forwarded": "for=203.0.113.1;proto=https;host=api.example.com",
    }
    answer: dict[str, object] = httpx.get(base, headers=headers).json()
    return answer


def test_a_named_proxy_is_believed(serve: Serve):
    base = serve(ProxyHeaders(show, trusted=["127.0.0.1"]), lifespan="off")
    assert over_a_socket(base) == {
        "client": ["203.0.113.1", 0],
        "scheme": "https",
        "root_path": "/api",
        "path": "/api/",
        "hosts": ["api.example.com"],
    }


def test_nobody_else_is_believed(serve: Serve):
    base = serve(ProxyHeaders(show, trusted=["192.0.2.0/24", "unix"]), lifespan="off")
    answer = over_a_socket(base)
    assert answer.pop("client")[0] == "127.0.0.1"  # type: ignore[index]
    assert answer == {
        "scheme": "http",
        "root_path": "",
        "path": "/",
        "hosts": [base.removeprefix("http://")],
    }


@pytest.mark.parametrize(
    ("value", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("wss", "https"),
        ("http, https", "https"),
        ("javascript", "http"),
        ("https x", "http"),
    ],
)
async def test_the_scheme_is_the_one_that_the_nearest_proxy_names(value: str, scheme: str):
    assert (await seen(("X-Forwarded-Proto", value)))["scheme"] == scheme


@pytest.mark.parametrize(
    "host", ["api.example.com", "api.example.com:8443", "[2001:db8::7]:443", "192.0.2.9"]
)
async def test_the_host_is_the_one_that_the_client_asked_for(host: str):
    assert hosts(await seen(("X-Forwarded-Host", host))) == [host.encode()]


@pytest.mark.parametrize(
    "host", ["evil.example/path", "a b", "user@evil.example", "evil.example:http", "<script>", "-a"]
)
async def test_a_malformed_host_is_left_out(host: str):
    assert hosts(await seen(("X-Forwarded-Host", host))) == [b"inside:8000"]


@pytest.mark.parametrize("prefix", ["/api", "/api/", "/team-a/v1.2"])
async def test_a_prefix_that_the_proxy_took_away_is_put_back(prefix: str):
    answer = await seen(("X-Forwarded-Prefix", prefix), path="/agent/in%20voke")
    clean = prefix.rstrip("/")
    assert answer["root_path"] == clean
    assert answer["path"] == f"{clean}/agent/in voke"
    assert answer["raw_path"] == f"{clean}/agent/in%20voke".encode()


@pytest.mark.parametrize(
    "prefix",
    ["api", "//evil.example", "/a/../b", "/..", "/a//b", "/a?b", "/a%2fb", "/", "/" + "a" * 300],
)
async def test_a_malformed_prefix_is_left_out(prefix: str):
    assert (await seen(("X-Forwarded-Prefix", prefix)))["root_path"] == ""


@pytest.mark.parametrize(
    ("value", "client", "port"),
    [
        ("for=192.0.2.7", "192.0.2.7", 0),
        ('For="[2001:db8::7]:4711";proto=https', "2001:db8::7", 4711),
        ("for=203.0.113.1, for=192.0.2.7;by=10.0.0.1, for=10.0.0.1", "192.0.2.7", 0),
        ('for="203.0.113.1, for=10.0.0.1", for=192.0.2.7', "192.0.2.7", 0),
    ],
)
async def test_the_standard_header_is_read_too(value: str, client: str, port: int):
    answer = await seen(("Forwarded", value))
    assert answer["client"] == (client, port)


async def test_the_standard_header_names_scheme_and_host():
    answer = await seen(("Forwarded", 'for=192.0.2.7;proto=https;host="api.example.com:8443"'))
    assert answer["scheme"] == "https"
    assert hosts(answer) == [b"api.example.com:8443"]


@pytest.mark.parametrize(
    "value", ['for="192.0.2.7', "for=192.0.2.7 x", "for", ";;", "=1", 'for="' + "\\" * 20_000]
)
async def test_a_malformed_standard_header_is_left_out(value: str):
    assert (await seen(("Forwarded", value)))["client"][0] == "127.0.0.1"


async def test_two_headers_that_disagree_on_the_client_are_both_ignored():
    hops = (("X-Forwarded-For", "192.0.2.7"), ("Forwarded", "for=203.0.113.1"))
    assert (await seen(*hops))["client"][0] == "127.0.0.1"


async def test_two_headers_that_agree_on_the_client_are_believed():
    hops = (("X-Forwarded-For", "192.0.2.7"), ("Forwarded", 'for="192.0.2.7:99"'))
    assert (await seen(*hops))["client"][0] == "192.0.2.7"


async def test_peers_on_a_unix_socket_are_believed_by_name():
    scope = await seen(("X-Forwarded-For", "192.0.2.7"), client=None, trusted=["unix"])
    assert scope["client"] == ("192.0.2.7", 0)


async def test_peers_on_a_unix_socket_are_not_believed_otherwise():
    scope = await seen(("X-Forwarded-For", "192.0.2.7"), client=None)
    assert scope["client"] is None


async def test_any_peer_is_believed_where_the_operator_says_so():
    hops = ("X-Forwarded-For", "192.0.2.7, 192.0.2.8")
    assert (await seen(hops, trusted=["*"]))["client"][0] == "192.0.2.7"


async def test_a_websocket_behind_tls_is_secure():
    scope = await seen(("X-Forwarded-Proto", "https"), type="websocket", scheme="ws")
    assert scope["scheme"] == "wss"


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "10.0.0", "proxy.internal", ""])
def test_a_misspelt_proxy_stops_the_start(entry: str):
    with pytest.raises(Misconfigured, match="trusted proxy"):
        ProxyHeaders(show, trusted=[entry])
