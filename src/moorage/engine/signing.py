"""Signs webhooks as Standard Webhooks does, so that receivers check them with any of its libraries.

The specification is at https://www.standardwebhooks.com: the signature is an HMAC-SHA256 of the
message's id, the time of sending and the body.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from moorage.errors import Misconfigured

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


class Signer:
    """Makes the headers that prove where a webhook comes from.

    Args:
        secrets: ``whsec_`` and 24 to 64 bytes in base64, each. Several of them while receivers
            change from one to another: any of them proves the message.

    Raises:
        Misconfigured: A secret has another form.
    """

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._keys = [_key(secret) for secret in secrets]

    def headers(self, message_id: str, time: int, body: bytes) -> dict[str, str]:
        """Return the headers of a message that is sent at ``time``, in seconds since the epoch."""
        named = {"webhook-id": message_id, "webhook-timestamp": str(time)}
        if not self._keys:
            return named
        content = f"{message_id}.{time}.".encode() + body
        return named | {"webhook-signature": " ".join(_signed(key, content) for key in self._keys)}


def _signed(key: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise Misconfigured(
            f"a webhook secret is {_PREFIX} and {_SHORTEST} to {_LONGEST} bytes in base64;"
            f" `echo {_PREFIX}$(openssl rand -base64 32)` makes one"
        )
    return key
