"""LangServe's variables of a hosted deployment, which callback consumers look for in the metadata.

These four names, and the one that switches them on, belong to LangServe's protocol and not to
moorage's settings: that is why they are read here, when routes are added.
"""

import os

_VARIABLES = {
    "__langserve_hosted_git_ref": "HOSTED_LANGSERVE_GIT_REF",
    "__langserve_hosted_repo_subdirectory_path": "HOSTED_LANGSERVE_GIT_REPO_PATH",
    "__langserve_hosted_repo_url": "HOSTED_LANGSERVE_GIT_REPO",
    "__langserve_hosted_revision_id": "HOSTED_LANGSERVE_REVISION_ID",
}


def is_hosted() -> bool:
    """Whether ``HOSTED_LANGSERVE_ENABLED`` says so; feedback is then on by default."""
    return os.environ.get("HOSTED_LANGSERVE_ENABLED", "false").lower() == "true"


def hosted_metadata() -> dict[str, str | None]:
    """Return what each run's metadata says of the hosted deployment; empty when it is none."""
    if not is_hosted():
        return {}
    named = {key: os.environ.get(variable) for key, variable in _VARIABLES.items()}
    return {**named, "__langserve_hosted_is_hosted": "true"}
