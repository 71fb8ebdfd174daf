"""The playground of one runnable: its page, and what the page wants to know.

Protocol facts: section 10 of the protocol notes. The page is ours; only where it is found, and
that its files lie below ``playground/assets/``, is LangServe's. The HTML holds nothing of the
runnable: the page asks for it, so what guards the runnable guards that too.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from moorage import __version__
from moorage.errors import NotFound
from moorage.protocols.langserve.config import Config, ConfigReader, is_graph
from moorage.protocols.langserve.feedback import LangSmithLinks
from moorage.protocols.langserve.operations import OPERATIONS
from moorage.protocols.langserve.opinions import Opinions
from moorage.protocols.langserve.options import RouteOptions
from moorage.protocols.langserve.replies import JsonResponse
from moorage.ui.files import ASSETS
from moorage.ui.pages import Place, pages_of, path_for_browser

ABOUT = "about.json"
"""The file that tells the page about its runnable."""

FEEDBACK = "feedback.json"
"""The file that takes feedback, and tells it again."""

READS = ("GET", "HEAD")
"""The methods of all files but that one."""

_CALLBACKS_IN = ("invoke", "ainvoke", "astream")

THUMBS = "correctness"
"""Under which key the page gives its thumbs; LangServe's page uses the same."""


class FeedbackPlaces(TypedDict):
    """Where feedback on runs goes.

    ``local`` is a file of the service, ``langsmith`` is LangSmith; ``key`` is the key of thumbs.
    """

    local: bool
    langsmith: bool
    key: str


class About(TypedDict):
    """What the page is told about its runnable; docs/reference/web-pages.md describes each key."""

    name: str
    description: str
    path: str
    playground_type: str
    operations: list[str]
    config_keys: list[str]
    configurable: bool
    config_hashes: bool
    config_hash: str
    config: Config
    threads: bool
    steps: bool
    feedback: FeedbackPlaces
    trace_links: bool
    sign_in: bool
    version: str


class Playground:
    """The page of one runnable.

    Args:
        runnable: The runnable.
        options: How it is published.
        configs: What may be configured.
        links: What LangSmith does for it.
        opinions: Where feedback on its runs goes.
    """

    def __init__(
        self,
        runnable: Runnable[Any, Any],
        options: RouteOptions,
        configs: ConfigReader,
        links: LangSmithLinks,
        opinions: Opinions,
    ) -> None:
        self._runnable = runnable
        self._options = options
        self._configs = configs
        self._links = links
        self._opinions = opinions

    def file(self, path: str, request: Request, base: str, config_hash: str) -> Response:
        """Return the page, or one of the files that it loads.

        Args:
            path: Path below ``playground/``; empty for the page.
            request: A GET or HEAD.
            base: Path of the runnable within the application.
            config_hash: The hash of a share link, or nothing.

        Raises:
            NotFound: There is no such file.
        """
        pages = pages_of(request.scope)
        if path in {"", "index.html"}:
            return pages.page("playground", request, Place(f"{base}/playground/", config_hash))
        found = pages.file(path, request) if path.startswith(ASSETS) else None
        if found is None:
            raise NotFound("Not Found")
        return found

    def about(self, request: Request, base: str, config_hash: str, config: Config) -> Response:
        """Tell the page about the runnable, as ``config`` configures it."""
        options = self._options
        told: About = {
            "name": name_of(self._runnable, base),
            "description": description_of(self._runnable, options),
            "path": path_for_browser(request.scope, base).rstrip("/"),
            "playground_type": options.playground_type,
            "operations": published_operations(options),
            "config_keys": list(options.config_keys),
            "configurable": "configurable" in options.config_keys and bool(self._configs.declared),
            "config_hashes": options.config_hashes,
            "config_hash": config_hash,
            "config": config,
            "threads": has_threads(self._runnable),
            "steps": tells_steps(self._runnable, options.stream_log_name_allow_list),
            "feedback": self._feedback_places(request),
            "trace_links": self._links.trace_links_enabled(),
            "sign_in": pages_of(request.scope).signs_in,
            "version": __version__,
        }
        return JsonResponse(orjson.dumps(told, default=str))

    def _feedback_places(self, request: Request) -> FeedbackPlaces:
        return {
            "local": self._opinions.file(request) is not None,
            "langsmith": self._links.feedback_enabled(),
            "key": THUMBS,
        }


def published_operations(options: RouteOptions) -> list[str]:
    """Name the operations that a page may call, by the last part of their paths."""
    return [
        one.path.removeprefix("/")
        for one in OPERATIONS
        if one.hashed and one.documented and options.publishes(one.switch)
    ]


def has_threads(runnable: Runnable[Any, Any]) -> bool:
    """Whether the runnable is a graph that keeps threads."""
    return is_graph(runnable) and bool(getattr(_unbound(runnable), "checkpointer", None))


def tells_steps(runnable: Runnable[Any, Any], allow_list: Sequence[str] | None) -> bool:
    """Whether ``stream_events`` tells of a run, its output included.

    It does not where the allow list leaves the runnable out. Nor does it where a class runs without
    LangChain's callbacks; one that has its own ``invoke``, ``ainvoke`` or ``astream`` may do that.
    """
    if allow_list is not None and run_name_of(runnable) not in allow_list:
        return False
    kinds = type(_unbound(runnable)).__mro__
    homes = (
        next(kind.__module__ for kind in kinds if name in vars(kind)) for name in _CALLBACKS_IN
    )
    return all(home.startswith(("langchain", "langgraph")) for home in homes)


def name_of(runnable: Runnable[Any, Any], path: str) -> str:
    """Return what to call a runnable: the name that somebody gave it, or else its place's.

    That of its class says what it is made of, and not what it is: the last part of its path that is
    no parameter says more.
    """
    inner = _unbound(runnable)
    name = run_name_of(runnable) or inner.get_name()
    kind = "LangGraph" if is_graph(inner) else type(inner).__name__
    if name != kind and not name.startswith(f"{kind}<"):  # as in RunnableParallel<one,other>
        return name
    parts = [part for part in path.split("/") if part and "{" not in part]
    return parts[-1] if parts else name


def run_name_of(runnable: Runnable[Any, Any]) -> str | None:
    """Return the name that ``with_config`` gave the runs of a runnable, if any."""
    config: Mapping[str, Any] = getattr(runnable, "config", None) or {}  # a graph's may be None
    return config.get("run_name")


def description_of(runnable: Runnable[Any, Any], options: RouteOptions) -> str:
    """Return what the author wrote about the runnable: a tool's description, a function's text.

    Classes of LangChain document themselves and not what was made of them: they do not count.
    """
    if options.description is not None:
        return options.description
    inner = _unbound(runnable)
    described = getattr(inner, "description", None)
    if isinstance(described, str):
        return described
    function: Callable[..., Any] | None = None
    if isinstance(inner, RunnableLambda):
        function = getattr(inner, "func", None) or getattr(inner, "afunc", None)
    elif isinstance(inner, RunnableGenerator):
        function = getattr(inner, "_transform", None) or getattr(inner, "_atransform", None)
    return inspect.getdoc(function) or "" if function else ""


def _unbound(runnable: Runnable[Any, Any]) -> Runnable[Any, Any]:
    while isinstance(inner := getattr(runnable, "bound", None), Runnable):
        runnable = inner
    return runnable
