"""Routes that ask for more than a valid credential: for a scope that it must have."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from moorage.domain.caller import Caller
from moorage.errors import Forbidden


def requires(*scopes: str) -> Callable[[Request], Awaitable[None]]:
    """Return a FastAPI dependency that lets in callers whose credential covers all ``scopes``.

    Use it as ``Depends(requires("agents:run"))``: in the ``dependencies`` of ``add_routes``, of a
    router or of a route of your own. A credential without scopes covers everything, and so does
    the anonymous caller of a service that asks for none. Others get 403 with the missing scope.

    Raises:
        ValueError: No scope is named.
    """
    if not scopes:
        raise ValueError("requires() needs the name of a scope")

    async def check(request: Request) -> None:
        caller = request.scope.get("user")
        if not isinstance(caller, Caller):
            raise TypeError("requires() works in an application of moorage.create_app")
        for scope in scopes:
            if not caller.allows(scope):
                raise Forbidden(f"The credentials lack the scope {scope!r}.")

    return check
