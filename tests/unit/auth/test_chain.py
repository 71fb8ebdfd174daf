import pytest

from moorage.auth import Credentials
from moorage.auth.chain import Chain
from moorage.domain.caller import Caller
from moorage.errors import Unauthenticated

pytestmark = pytest.mark.anyio


class Knows:
    def __init__(self, secret: str) -> None:
        self.secret = secret

    async def authenticate(self, credentials: Credentials) -> Caller | None:
        return Caller(f"holder of {self.secret}") if credentials.bearer == self.secret else None


class Refuses:
    async def authenticate(self, credentials: Credentials) -> Caller | None:
        raise Unauthenticated("The token has expired.")


async def test_the_first_that_knows_the_credentials_decides():
    chain = Chain(Knows("a"), Knows("b"), Knows("b"))

    assert await chain.authenticate(Credentials(bearer="b")) == Caller("holder of b")
    assert await chain.authenticate(Credentials(bearer="c")) is None


async def test_a_refusal_is_final():
    chain = Chain(Knows("a"), Refuses(), Knows("b"))

    assert await chain.authenticate(Credentials(bearer="a")) is not None
    with pytest.raises(Unauthenticated):
        await chain.authenticate(Credentials(bearer="b"))
