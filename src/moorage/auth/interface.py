"""What an authenticator is given, and what it promises."""

from dataclasses import dataclass, field
from typing import Protocol

from moorage.domain.caller import Caller


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request shows to prove who sends it. Its ``repr`` hides both values.

    Attributes:
        bearer: The token of ``Authorization: Bearer``.
        api_key: The value of ``X-Api-Key``.
    """

    bearer: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)


class Authenticator(Protocol):
    """One way to find out who is calling."""

    async def authenticate(self, credentials: Credentials) -> Caller | None:
        """Return whose credentials they are, or None when they are of no kind known here.

        Raises:
            Unauthenticated: They are of a kind known here, and malformed, expired or not genuine.
            Unavailable: What is needed to check them is out of reach at the moment.
        """
