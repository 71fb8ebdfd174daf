"""What a session's cookie holds, and which of them count."""

from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from moorage.auth.sessions import LONGEST_VALUE, Session, Sessions, own_secret

SECRET = "s" * 32
HOUR = timedelta(hours=1)
NOW = 1_800_000_000.0


def sessions(secret: str = SECRET, now: float = NOW) -> Sessions:
    return Sessions(secret, HOUR, now=lambda: now)


def test_what_was_sealed_is_opened_by_every_process_with_the_secret():
    opened = sessions().open(sessions().seal("key-1"))

    assert opened == Session("key-1", datetime.fromtimestamp(NOW + 3600, UTC))
    assert "key-1" not in repr(opened)


def test_it_is_sealed_differently_each_time_and_says_nothing():
    values = {sessions().seal("key-1") for _ in range(3)}

    assert len(values) == 3
    assert not any("key-1" in value for value in values)


def test_another_secret_opens_nothing():
    assert sessions("t" * 32).open(sessions().seal("key-1")) is None


def test_it_is_over_after_its_lifetime():
    value = sessions().seal("key-1")

    assert sessions(now=NOW + 3599).open(value)
    assert sessions(now=NOW + 3600).open(value) is None


def test_a_changed_value_opens_nothing():
    value = sessions().seal("key-1")
    header, _, nonce, content, tag = value.split(".")
    for changed in (
        *("", "x", "....", "a.b.c.d.e", f"{value}.x", value[:-3], value * 20, "é", "\x00"),
        ".".join((header, "", nonce, content, tag[::-1])),
        ".".join((header, "", nonce, content[::-1], tag)),
        f"{header}.AAAA.{nonce}.{content}.{tag}",
    ):
        assert sessions().open(changed) is None, changed


def test_a_key_in_place_of_the_derived_one_opens_nothing():
    key = OctKey.import_key(SECRET.encode())
    forged = jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, b'{"credential":"x"}', key)

    assert sessions().open(forged) is None


def test_a_credential_too_long_for_a_cookie_is_refused():
    assert len(sessions().seal("k" * 2700)) <= LONGEST_VALUE
    with pytest.raises(ValueError, match="too long"):
        sessions().seal("k" * 3000)


def test_a_process_keeps_its_own_secret():
    assert own_secret() == own_secret()
    assert len(own_secret()) >= 32
