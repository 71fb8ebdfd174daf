"""Who is calling: what authentication found out, and all that the rest of the program may know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Method = Literal["anonymous", "api_key", "jwt", "custom"]

IDENTITY = "langgraph_auth_"
"""What the names begin with under which a run's config tells nodes who is calling."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One authenticated client, or the anonymous one.

    It never holds a credential, so it is safe to log and to hand to user code.

    Attributes:
        identity: Stable name of the client: a key's name, a token's ``sub``. Rate limits and logs
            use it.
        method: How the client proved it.
        scopes: What the credential allows; an empty set allows everything (no scopes were given).
        display_name: For people; the identity where there is no better one.
        claims: Further facts, such as a token's claims. Values are JSON.
    """

    identity: str
    method: Method = "anonymous"
    scopes: frozenset[str] = frozenset()
    display_name: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_authenticated(self) -> bool:
        """Whether the client showed a credential."""
        return self.method != "anonymous"

    def allows(self, scope: str) -> bool:
        """Whether the credential covers ``scope``; one without scopes covers everything."""
        return not self.scopes or scope in self.scopes

    def as_user(self) -> "User":
        """Describe the caller for code of the deployment."""
        return User(
            {
                **self.claims,  # first: a claim must not pose as what was found out
                "identity": self.identity,
                "display_name": self.display_name or self.identity,
                "is_authenticated": self.is_authenticated,
                "permissions": sorted(self.scopes),
            }
        )

    def as_configurable(self) -> dict[str, Any]:
        """Describe the caller for a run's ``configurable``, under the Agent Server's names."""
        return {
            "langgraph_auth_user": self.as_user(),
            "langgraph_auth_user_id": self.identity,
        }


class User(dict[str, Any]):
    """A caller as graphs and authorization handlers know it.

    Every fact is a key and an attribute: ``user["identity"]`` is ``user.identity``, and so are
    ``display_name``, ``is_authenticated``, ``permissions`` and what else authentication told. A
    fact with the name of a method of dictionaries is a key only. Its ``repr`` shows the identity
    alone, as other facts may be tokens.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"nothing is known of the user's {name}") from None

    def __repr__(self) -> str:
        return f"<User {self.get('identity')!r}>"

    def to_dict(self) -> dict[str, Any]:
        """Return all facts, as a dictionary without attributes."""
        return dict(self)


ANONYMOUS = Caller(identity="anonymous")


def without_identity(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config as others may see it: what is known of its caller may be a secret."""
    configurable = config.get("configurable")
    if not configurable:
        return dict(config)
    others = {name: one for name, one in configurable.items() if not name.startswith(IDENTITY)}
    return {**config, "configurable": others}
