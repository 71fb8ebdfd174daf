import pytest

from moorage.engine.signing import Signer
from moorage.errors import Misconfigured

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIME, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""What the libraries of Standard Webhooks make of these, by their own tests."""


def test_a_signature_is_the_one_that_the_libraries_expect():
    assert Signer([SECRET]).headers(ID, TIME, BODY) == {
        "webhook-id": ID,
        "webhook-timestamp": str(TIME),
        "webhook-signature": SIGNATURE,
    }


def test_each_secret_signs():
    signatures = Signer([SECRET, "whsec_" + 40 * "A"]).headers(ID, TIME, BODY)["webhook-signature"]
    first, second = signatures.split(" ")
    assert first == SIGNATURE
    assert second.startswith("v1,")
    assert second != first


def test_without_a_secret_there_is_no_signature():
    assert "webhook-signature" not in Signer().headers(ID, TIME, BODY)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_MfKQ", SECRET[6:], "whsec_*" + SECRET[7:], SECRET + "é"]
)
def test_what_is_no_secret_is_refused_and_not_repeated(secret: str):
    with pytest.raises(Misconfigured, match="openssl") as refused:
        Signer([secret])
    assert not secret[6:] or secret[6:] not in str(refused.value)
