"""Several ways to authenticate, one after the other."""

from moorage.auth.interface import Authenticator, Credentials
from moorage.domain.caller import Caller


class Chain:
    """Asks its authenticators in order; the first that knows the credentials decides.

    One that refuses (raises) ends the search: it has recognised the kind of credential, and a later
    one must not let it in.
    """

    def __init__(self, *authenticators: Authenticator) -> None:
        self._authenticators = authenticators

    async def authenticate(self, credentials: Credentials) -> Caller | None:
        """Return whose credentials they are, or None when no authenticator knows them.

        Raises:
            Unauthenticated: One recognised and refused them.
            Unavailable: One cannot check them at the moment.
        """
        for authenticator in self._authenticators:
            caller = await authenticator.authenticate(credentials)
            if caller is not None:
                return caller
        return None
