"""Everybody sees what is their own, as in the documentation of ``langgraph_sdk.Auth``."""

from typing import Any

from langgraph_sdk import Auth

USERS = {
    name: {
        "identity": name,
        "display_name": name.title(),
        "permissions": permissions,
        "token": "hunter2",
    }
    for name, permissions in {
        "ada": ["run"],
        "bob": ["run"],
        "guest": [],
        "debtor": ["run", "debts"],
        "clumsy": ["run", "confused"],
    }.items()
}

auth = Auth()


@auth.authenticate
async def who(authorization: str | None) -> Any:
    """Know people by the token that is their name."""
    scheme, _, token = (authorization or "").partition(" ")
    assert scheme.lower() == "bearer"
    if token == "broken":
        raise LookupError("hunter2")
    if token not in USERS:
        raise Auth.exceptions.HTTPException(401, "Who are you?", {"X-Reason": "unknown"})
    return USERS[token]


@auth.on
async def own(ctx: Auth.types.AuthContext, value: Any) -> Any:
    """Let everybody have what is their own, and mark it as that."""
    mark = {"owner": ctx.user.identity}
    value.setdefault("metadata", {}).update(mark)
    return mark


@auth.on.threads.create_run
async def run(ctx: Auth.types.AuthContext, value: Any) -> Any:
    """Let those run who may, and who have paid."""
    if "debts" in ctx.permissions:
        raise Auth.exceptions.HTTPException(402, "Pay first.")
    if "run" not in ctx.permissions:
        return False
    return await own(ctx=ctx, value=value)


@auth.on.threads.delete
async def delete(ctx: Auth.types.AuthContext, value: Any) -> Any:
    """Ask for what no filter can do, of those who get everything wrong."""
    return (
        {"owner": {"$ne": "x"}} if "confused" in ctx.permissions else {"owner": ctx.user.identity}
    )


@auth.on.store
async def shelf(ctx: Auth.types.AuthContext, value: Any) -> None:
    """Give everybody a shelf of their own."""
    value["namespace"] = (ctx.user.identity, *(value["namespace"] or ()))
