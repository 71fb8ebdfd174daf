import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.auth import keys
from moorage.auth.keys import ApiKey
from moorage.errors import Misconfigured

names = st.from_regex(keys.NAME, fullmatch=True)
scopes = st.frozensets(st.from_regex(keys.SCOPE, fullmatch=True), max_size=4)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
api_keys = st.builds(ApiKey, name=names, digest=digests, scopes=scopes)


@given(api_keys)
def test_a_key_that_is_written_reads_back_the_same(key: ApiKey):
    assert keys.parse(str(key)) == key


@given(st.text())
def test_any_text_is_a_key_or_a_misconfiguration(text: str):
    with suppress(Misconfigured):
        key = keys.parse(text)
        assert keys.parse(str(key)) == key


@given(st.from_regex(r"[a-z]+:(sha256|plain|md5):[0-9]{8,40}", fullmatch=True))
def test_a_refusal_does_not_repeat_the_entry(text: str):
    with pytest.raises(Misconfigured) as caught:
        keys.parse(text)

    assert text.split(":")[2] not in str(caught.value)


@given(st.lists(api_keys, max_size=5), st.sampled_from([" ", ",", ", ", "\n", " , "]))
def test_a_list_of_written_keys_is_cut_where_they_meet(found: list[ApiKey], between: str):
    written = [str(key) for key in found]

    assert keys.split(between.join(written)) == written


@given(st.text())
def test_any_text_can_be_cut(text: str):
    assert all(keys.split(text))


def test_a_secret_after_a_space_is_never_taken_for_a_scope():
    entries = keys.split(f"alice:sha256:{64 * 'a'}:read bob:a-secret")

    assert entries[1] == "bob:a-secret"


def test_a_plain_secret_is_kept_as_its_digest_only():
    secret = "a-long-random-secret-of-alice"

    key = keys.parse(f"alice:plain:{secret}:read", allow_plain=True)

    assert key.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert key.scopes == {"read"}
    assert secret not in f"{key!r} {key}"


@pytest.mark.parametrize(
    "entry",
    [
        "alice:plain:a-long-random-secret-of-alice",
        f"alice:md5:{64 * 'a'}",
        f"alice:sha256:{63 * 'a'}",
        f"alice:sha256:{64 * 'g'}",
        f":sha256:{64 * 'a'}",
        f"al ice:sha256:{64 * 'a'}",
        f"alice:sha256:{64 * 'a'}:",
        f"alice:sha256:{64 * 'a'}:read,,write",
        "alice",
        "",
    ],
)
def test_a_malformed_entry_is_refused(entry: str):
    with pytest.raises(Misconfigured):
        keys.parse(entry)


def test_a_short_secret_is_refused_because_it_could_be_guessed_from_its_digest():
    with pytest.raises(Misconfigured, match="at least 20") as caught:
        keys.parse("alice:plain:hunter2", allow_plain=True)

    assert "hunter2" not in str(caught.value)


def test_two_keys_of_one_name_or_one_secret_are_refused():
    alice, again = ApiKey("alice", 64 * "a"), ApiKey("alice", 64 * "b")
    bob = ApiKey("bob", 64 * "a")

    with pytest.raises(Misconfigured, match="two API keys are named alice"):
        keys.distinct([alice, again])
    with pytest.raises(Misconfigured, match="alice and bob have the same secret"):
        keys.distinct([alice, bob])


def test_new_secrets_are_long_and_differ():
    first, second = keys.new_secret(), keys.new_secret()

    assert first != second
    assert len(first) > 40
    assert keys.digest_of_plain(first) == keys.digest(first)
