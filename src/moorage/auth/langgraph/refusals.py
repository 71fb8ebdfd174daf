"""What handlers raise on purpose, as errors of moorage."""

from langgraph_sdk.auth.exceptions import HTTPException

from moorage.errors import Rejected


def rejected(refusal: HTTPException) -> Rejected:
    """Return the error that travels with the status, the detail and the headers of a handler's."""
    headers = {str(name): str(value) for name, value in (refusal.headers or {}).items()}
    return Rejected(refusal.status_code, str(refusal.detail), headers=headers)
