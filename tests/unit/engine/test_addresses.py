from dataclasses import asdict
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.engine.addresses import AddressPolicy, check_address, check_url
from moorage.errors import Invalid
from moorage.project.sections import WebhookAddresses


def refusal(url: str, **rules: Any) -> str | None:
    try:
        check_url(url, AddressPolicy(**rules))
    except Invalid as refused:
        return str(refused)
    return None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "http://example.com:8080/hook?a=b",
        "https://user:password@example.com",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]:8443/",
        "https://müller.example/",
        "/hooks/done",
    ],
)
def test_public_addresses_and_own_paths_are_allowed(url: str):
    assert refusal(url) is None


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://localhost/", "loopback"),
        ("http://LOCALHOST.:80/", "loopback"),
        ("http://api.localhost/", "loopback"),
        ("http://127.0.0.1/", "loopback"),
        ("http://127.9.9.9/", "loopback"),
        ("http://127.1/", "loopback"),
        ("http://0x7f.0.0.1/", "loopback"),
        ("http://2130706433/", "loopback"),
        ("http://[::1]/", "loopback"),
        ("http://[::ffff:127.0.0.1]/", "loopback"),
        ("http://[64:ff9b::7f00:1]/", "loopback"),
        ("http://[2002:7f00:1::]/", "loopback"),
        ("http://10.0.0.1/", "private"),
        ("http://172.16.3.4/", "private"),
        ("http://192.168.1.1/", "private"),
        ("http://100.64.0.1/", "private"),
        ("http://[fd00::1]/", "private"),
        ("http://169.254.169.254/latest/meta-data", "reserved"),
        ("http://0.0.0.0/", "reserved"),
        ("http://[fe80::1]/", "reserved"),
        ("http://224.0.0.1/", "reserved"),
    ],
)
def test_addresses_of_the_server_and_its_neighbours_are_refused(url: str, kind: str):
    assert refusal(url) == f"Webhook host blocked: {kind} IP range"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "Webhook URL must begin with http://, https:// or /"),
        ("example.com/hook", "Webhook URL must begin with http://, https:// or /"),
        ("ftp://example.com", "Webhook URL must begin with http://, https:// or /"),
        ("//example.com/hook", "Webhook URL must begin with http://, https:// or /"),
        ("/\\example.com/hook", "Webhook URL must begin with http://, https:// or /"),
        ("http:///hook", "Invalid webhook hostname ''"),
        ("http://exa mple.com", "Invalid webhook hostname 'exa%20mple.com'"),
        ("http://example.com:99999/", "Webhook port 99999 is not allowed"),
        ("http://example.com:port/", "Webhook URL cannot be read"),
        ("http://example.com/\n", "Webhook URL cannot be read"),
        ("https://example.com/" + 65_536 * "a", "Webhook URL too long"),
    ],
)
def test_what_is_no_address_is_refused(url: str, message: str):
    assert refusal(url) == message


def test_https_can_be_demanded():
    assert refusal("http://example.com", require_https=True) == "Webhook URL must use https"
    assert refusal("https://example.com", require_https=True) is None
    assert refusal("/own", require_https=True) is None


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://hooks.example.com/", True),
        ("https://HOOKS.Example.com./", True),
        ("https://deep.below.example.org/", True),
        ("https://example.org/", False),
        ("https://badexample.org/", False),
        ("https://hooks.example.com.evil.net/", False),
        ("https://hooks.example.com@evil.net/", False),
    ],
)
def test_hosts_can_be_listed(url: str, is_allowed: bool):
    found = refusal(url, allowed_domains=("hooks.example.com", "*.example.org"))
    assert (found is None) is is_allowed


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://example.com/", True),
        ("https://example.com:8443/", True),
        ("http://example.com/", False),
        ("https://example.com:444/", False),
    ],
)
def test_ports_can_be_listed(url: str, is_allowed: bool):
    assert (refusal(url, allowed_ports=(443, 8443)) is None) is is_allowed


def test_the_length_can_be_limited():
    assert refusal("https://example.com/", max_url_length=20) is None
    assert refusal("https://example.com/1", max_url_length=20) == "Webhook URL too long"


def test_loopback_is_allowed_where_that_is_said_and_own_paths_can_be_refused():
    for url in ("http://localhost:1/", "http://127.0.0.1:1/", "http://[::1]:1/"):
        assert refusal(url, disable_loopback=False) is None
        assert refusal(url, disable_loopback=True) is not None
    assert refusal("http://10.0.0.1/", disable_loopback=False) is not None
    assert refusal("/own", disable_loopback=False) is None
    assert refusal("/own", disable_loopback=True) == "Webhook URL must not be a path of this server"


def test_a_host_that_is_named_in_full_may_be_a_neighbour_and_nothing_worse():
    policy = AddressPolicy(allowed_domains=("hooks.internal", "*.internal"))
    check_address(ip_address("10.0.0.1"), "hooks.internal", policy)
    for address, host in (
        ("10.0.0.1", "other.internal"),
        ("127.0.0.1", "hooks.internal"),
        ("169.254.169.254", "hooks.internal"),
    ):
        with pytest.raises(Invalid):
            check_address(ip_address(address), host, policy)


@given(st.ip_addresses())
def test_no_address_passes_that_is_not_public(address: Any):
    try:
        check_address(address, "example.com")
    except Invalid:
        return
    assert address.is_global
    assert not address.is_loopback


@given(st.text(max_size=40) | st.from_regex(r"https?://[^/]{0,20}(/.*)?", fullmatch=True))
def test_any_text_is_allowed_or_refused(url: str):
    refusal(url)


def test_the_rules_are_those_of_the_project_file():
    section = WebhookAddresses(allowed_domains=("example.com",), allowed_ports=(443,))
    policy = AddressPolicy(**asdict(section))
    assert (policy.allowed_domains, policy.allowed_ports) == (("example.com",), (443,))
    assert AddressPolicy(**asdict(WebhookAddresses())) == AddressPolicy()
