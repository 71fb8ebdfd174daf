"""The table of LangServe's operations: name, method, path. Routes and documentation follow it."""

from typing import NamedTuple


class Operation(NamedTuple):
    """One operation that is published for every runnable.

    Attributes:
        name: Name of the ``RunnableHandler`` method that serves it.
        method: HTTP method.
        path: Path below the runnable's.
        switch: Name under which it is switched on and off.
        hashed: Whether ``/c/{config_hash}`` may come before the path.
        description: One sentence for OpenAPI.
        documented: Whether OpenAPI lists it.
    """

    name: str
    method: str
    path: str
    switch: str
    description: str = ""
    hashed: bool = True
    documented: bool = True


OPERATIONS = (
    Operation("invoke", "POST", "/invoke", "invoke", "Run one input and answer with the output."),
    Operation(
        "batch",
        "POST",
        "/batch",
        "batch",
        "Run several inputs and answer with the outputs in their order.",
    ),
    Operation(
        "stream", "POST", "/stream", "stream", "Run one input and stream the output in chunks."
    ),
    Operation(
        "stream_log",
        "POST",
        "/stream_log",
        "stream_log",
        "Run one input and stream its log as JSON patches.",
    ),
    Operation(
        "astream_events",
        "POST",
        "/stream_events",
        "stream_events",
        "Run one input and stream the events of every step.",
    ),
    Operation(
        "input_schema", "GET", "/input_schema", "input_schema", "The JSON schema of the input."
    ),
    Operation(
        "output_schema", "GET", "/output_schema", "output_schema", "The JSON schema of the output."
    ),
    Operation(
        "config_schema",
        "GET",
        "/config_schema",
        "config_schema",
        "The JSON schema of the config that clients may send.",
    ),
    Operation("playground", "GET", "/playground/", "playground", documented=False),
    Operation("playground", "HEAD", "/playground/", "playground", documented=False),
    Operation("playground", "POST", "/playground/", "playground", documented=False),
    Operation(
        "token_feedback",
        "POST",
        "/token_feedback",
        "token_feedback",
        "Give feedback with a token that came with a run.",
        hashed=False,
    ),
    Operation("feedback", "POST", "/feedback", "feedback", "Give feedback on a run.", hashed=False),
    Operation(
        "feedback_probe",
        "HEAD",
        "/feedback",
        "feedback",
        "Whether feedback is accepted.",
        hashed=False,
    ),
    Operation(
        "public_trace_link",
        "PUT",
        "/public_trace_link",
        "public_trace_link",
        "Share the trace of a run.",
        hashed=False,
    ),
    Operation(
        "public_trace_link_probe",
        "HEAD",
        "/public_trace_link",
        "public_trace_link",
        "Whether traces are shared.",
        hashed=False,
    ),
)
