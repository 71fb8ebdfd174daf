"""The application as FastAPI describes it, with what it takes to be let in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

SCHEMES = {
    "Bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key or a JSON Web Token.",
    },
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Api-Key",
        "description": "An API key.",
    },
}
Requirements = Sequence[Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Security:
    """What the document says about credentials, in OpenAPI's words.

    Attributes:
        schemes: The ways to show one, by name.
        requirements: What every operation asks for.
        paths: What single ones ask for instead, by path and method.
    """

    schemes: Mapping[str, Mapping[str, Any]]
    requirements: Requirements
    paths: Mapping[str, Mapping[str, Requirements]] = field(default_factory=dict)


KEYS = Security(SCHEMES, [{name: []} for name in SCHEMES])
"""Keys and tokens of the service."""


class Service(FastAPI):
    """A FastAPI application whose document says that its operations need a credential.

    Swagger's *Authorize* then offers both ways, and sends what was entered with every operation
    that is added to the application, except the public ones.

    Args:
        public: Paths that need none; None where nothing does.
        security: What the others need.
        options: FastAPI's own.
    """

    def __init__(
        self, *, public: Collection[str] | None, security: Security = KEYS, **options: Any
    ) -> None:
        self._public = public
        self._security = security
        # FastAPI would look for an OpenTelemetry provider on every request, through the
        # environment: 9 us. Ask for it with `telemetry` where one is set up.
        options.setdefault("telemetry", dict.fromkeys(("tracing", "metrics", "logs"), False))
        super().__init__(**options)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        if self._public is not None and "security" not in document:
            self._secure(document, self._public)
        return document

    def _secure(self, document: dict[str, Any], public: Collection[str]) -> None:
        document["security"] = self._security.requirements
        schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes.update(self._security.schemes)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if path in public:
                    operation["security"] = []
                elif (own := self._of(path, method)) is not None:
                    operation["security"] = own

    def _of(self, path: str, method: str) -> Requirements | None:
        methods = self._security.paths.get(path, {})
        return next((own for name, own in methods.items() if name.lower() == method), None)
