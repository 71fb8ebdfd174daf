"""The application as FastAPI describes it, with what it takes to be let in."""

from collections.abc import Collection
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
REQUIREMENTS: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]


class Service(FastAPI):
    """A FastAPI application whose document says that its operations need a credential.

    Swagger's *Authorize* then offers both ways, and sends what was entered with every operation
    that is added to the application, except the public ones.

    Args:
        public: Paths that need none; None where nothing does.
        options: FastAPI's own.
    """

    def __init__(self, *, public: Collection[str] | None, **options: Any) -> None:
        self._public = public
        # FastAPI would look for an OpenTelemetry provider on every request, through the
        # environment: 9 us. Ask for it with `telemetry` where one is set up.
        options.setdefault("telemetry", dict.fromkeys(("tracing", "metrics", "logs"), False))
        super().__init__(**options)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        if self._public is not None and "security" not in document:
            document["security"] = REQUIREMENTS
            document.setdefault("components", {})["securitySchemes"] = {
                **document.get("components", {}).get("securitySchemes", {}),
                **SCHEMES,
            }
            for path in document["paths"].keys() & set(self._public):
                for operation in document["paths"][path].values():
                    operation["security"] = []
        return document
