"""What LangServe's protocol requires of moorage."""

from tests.protocols.requirements import Manifest, Protocol, Requirement

_LANGSERVE = Protocol("langserve")
_same, _differs = _LANGSERVE.same, _LANGSERVE.differs

_GROUPS = {
    "surface": "Python surface",
    "switches": "Endpoint switches",
    "routes": "Routes",
    "bodies": "Request bodies",
    "invoke": "invoke",
    "batch": "batch",
    "stream": "stream",
    "log": "stream_log",
    "events": "stream_events",
    "config": "Configuration of runs",
    "hash": "Configuration hashes",
    "schemas": "Schemas",
    "json": "Outputs as JSON",
    "inputs": "Inputs",
    "callbacks": "Callback events",
    "feedback": "Feedback and trace links",
    "playground": "Playground",
    "openapi": "OpenAPI",
    "errors": "Errors",
    "remote": "RemoteRunnable of moorage",
    "graphs": "LangGraph graphs",
    "clients": "Clients that others wrote",
}

_REQUIREMENTS: tuple[Requirement, ...] = (
    # --- Python surface
    _same(
        "surface:no-runnable",
        "2.1",
        "Something that is no Runnable is a `TypeError` that begins `Expected a Runnable, got`.",
    ),
    _same(
        "surface:path-syntax",
        "2.1",
        "A path is empty or begins with `/`; anything else is a `ValueError`.",
    ),
    _same("surface:run-name-key", "2.1", "`run_name` in `config_keys` is a `ValueError`."),
    _same(
        "surface:one-token-key",
        "2.1",
        "A `token_feedback_config` has exactly one key.",
    ),
    _differs(
        "surface:duplicate-path",
        "2.1",
        "A second runnable at a path is a `ValueError`, also on a router and with a trailing slash.",
        "LangServe compares the text of paths, and on applications only.",
    ),
    _differs(
        "surface:trailing-slash",
        "2.1",
        "A trailing slash of `path` is dropped: `/x/` publishes `/x/invoke`.",
        "LangServe publishes `/x//invoke`, which no client calls.",
    ),
    _differs(
        "surface:late-prefix",
        "2.1",
        "A prefix that `include_router` adds later is part of run names and of the playground's URLs.",
        "LangServe reads the prefix when routes are added; the playground is broken behind a later one.",
    ),
    _same(
        "surface:input-output-type",
        "2.1",
        "`input_type` and `output_type` replace the inferred types.",
    ),
    _same(
        "surface:dependencies",
        "2.1",
        "`dependencies` guard every route of a runnable, hash variants and playground included.",
    ),
    _differs(
        "surface:options-checked",
        "2.1",
        "`playground_type` and `astream_events_version` are checked when routes are added.",
        "LangServe notices a wrong value when a client asks.",
    ),
    _differs(
        "surface:cheap-registration",
        "2.1",
        "Adding a runnable makes no model and no schema; they are made when they are first needed.",
        "LangServe takes 20 to 30 ms a runnable, and prints a banner at the start.",
    ),
    _same(
        "surface:api-handler",
        "2.3",
        "`APIHandler` has LangServe's methods and models for routes that users write themselves; "
        "what is wrong with a request is FastAPI's `HTTPException` there.",
    ),
    _same(
        "surface:server-config",
        "2.3",
        "`server_config` is merged over the client's config and may add any key.",
    ),
    _same(
        "surface:custom-serializer",
        "2.5",
        "A `Serializer` of the user's renders outputs, chunks, patches and events.",
    ),
    _same(
        "surface:module-names",
        "2",
        "`moorage.langserve` has the names and submodules that code imports from `langserve`.",
    ),
    # --- Endpoint switches
    _same(
        "switches:names",
        "2.2",
        "Endpoints are switched on or off by LangServe's names, whatever their case.",
    ),
    _same(
        "switches:refused",
        "2.2",
        "An unknown name, a plain string, or both lists are a `ValueError`.",
    ),
    _same(
        "switches:none",
        "2.2",
        "`enabled_endpoints=[]` leaves the path free of any route, next to other runnables too.",
    ),
    _same(
        "switches:config-hashes",
        "2.2",
        "`config_hashes` switches the `/c/{config_hash}` variant of every endpoint.",
    ),
    _same(
        "switches:token-feedback",
        "2.2",
        "`token_feedback` is on by default and answers 400 until it is configured.",
    ),
    # --- Routes
    _same(
        "routes:paths",
        "3",
        "Every endpoint is at LangServe's method and path, `/stream_events` included.",
    ),
    _same("routes:method", "3", "A wrong method is 405, HEAD on a schema too."),
    _same("routes:unknown", "3", 'An unknown path is 404 with `{"detail": "Not Found"}`.'),
    _same("routes:slash", "3", "A trailing slash is redirected with 307."),
    _same(
        "routes:empty-path",
        "3",
        "A runnable at the empty path lives beside others, and beside the user's own routes.",
    ),
    _same(
        "routes:any-application",
        "2.1",
        "Routes work on applications, routers, included routers, mounted applications and behind a root path.",
    ),
    # --- Bodies
    _same(
        "bodies:not-json",
        "4.1",
        'An empty body, or one that is no JSON, is 422 `{"detail": ["Invalid JSON body"]}`.',
    ),
    _same(
        "bodies:shape",
        "4.1",
        "A body that is no object, lacks `input`, or whose `config` is no object is 422 with pydantic's list of errors.",
    ),
    _same(
        "bodies:ignored",
        "1",
        "`kwargs` of any type, unknown keys, Content-Type and Accept are ignored.",
    ),
    _differs(
        "bodies:null-config",
        "4.1",
        '`"config": null` is no config.',
        "LangServe answers 500.",
    ),
    _differs(
        "bodies:not-utf8",
        "4.1",
        "A body that is not UTF-8 is 422.",
        "LangServe answers 500.",
    ),
    _same(
        "bodies:hostile",
        "4.1",
        "Deep nesting, NaN, lone surrogates, huge numbers, duplicate keys and large bodies are never a 500.",
    ),
    # --- invoke
    _same(
        "invoke:reply",
        "4.1",
        "The reply is `output` and `metadata` with `run_id` and `feedback_tokens`, and nothing more.",
    ),
    _same(
        "invoke:invalid-input",
        "4.1",
        "An input that does not fit is 422, with locations relative to the input.",
    ),
    _same("invoke:lax", "4.1", 'Inputs are coerced: `"3"` and `3.0` are integers.'),
    _same(
        "invoke:http-exception",
        "4.1",
        "An `HTTPException` of the runnable, the modifier or a dependency keeps status and detail.",
    ),
    _differs(
        "invoke:odd-validators",
        "4.1",
        "An input whose validator raises something unusual is 422.",
        "LangServe answers 500, for example to a role dict that is sent to a union of messages.",
    ),
    _differs(
        "invoke:root-key",
        "4.1",
        "A dict with a key `root` is an output like any other.",
        "LangServe replaces it by the value of that key.",
    ),
    _differs(
        "invoke:output-type",
        "4.1",
        "Outputs are not held against `output_type`.",
        "LangServe answers 500 where they do not fit, on invoke and batch only; moorage treats all endpoints alike.",
    ),
    _differs(
        "invoke:disconnect",
        "4.3",
        "A client that leaves cancels the run on invoke and batch too.",
        "LangServe lets it run to its end.",
    ),
    # --- batch
    _same(
        "batch:reply",
        "4.2",
        "The reply has `output`, and per item `metadata.responses` and `metadata.run_ids`; no inputs give empty lists.",
    ),
    _same(
        "batch:configs",
        "4.2",
        "`config` is one for all or a list with one for each input; a list of another length is 422.",
    ),
    _same("batch:null-config", "4.2", "`config: null` is 422."),
    _same(
        "batch:run-id",
        "4.2",
        "The `run_id` of a single config is that of the first run only.",
    ),
    _same(
        "batch:failure",
        "4.2",
        "An item that fails fails the request, unless it was asked otherwise.",
    ),
    _differs(
        "batch:return-exceptions",
        "4.2",
        'With `"return_exceptions": true` items fail one by one: null as output, `error` in their metadata.',
        "An addition; LangServe has no way to learn which items succeeded.",
    ),
    _differs(
        "batch:invalid-item",
        "4.2",
        "An item that does not fit, or `inputs` that is no list, is 422.",
        "LangServe answers 500.",
    ),
    _differs(
        "batch:modifier-keys",
        "4.2",
        "What the modifier and `server_config` set outside `config_keys` counts in a batch.",
        "LangServe loses it there.",
    ),
    _same("batch:max-concurrency", "4.2", "`max_concurrency` counts, where clients may set it."),
    # --- stream
    _same(
        "stream:headers",
        "4.3",
        "A stream is `text/event-stream; charset=utf-8`, uncached, and not buffered by nginx.",
    ),
    _same(
        "stream:frames",
        "4.3",
        "The frames are LangServe's byte for byte: CRLF, the blank in the metadata, compact data, an `end` without data.",
    ),
    _differs(
        "stream:metadata-first",
        "4.3",
        "The metadata event comes first and at once, also where there are no chunks.",
        "LangServe sends it with the first chunk, and not at all without one.",
    ),
    _same(
        "stream:error",
        "4.3",
        "A failure is an `error` event after the chunks that were sent, even before the first one; no `end` follows.",
    ),
    _differs(
        "stream:ends-well",
        "4.3",
        "After an `error` event the body ends as a body should.",
        "LangServe cuts the connection.",
    ),
    _differs(
        "stream:error-status",
        "4.3",
        "The `error` event has the status and detail of an `HTTPException`.",
        "LangServe always says 500.",
    ),
    _same(
        "stream:invalid-before",
        "1",
        "Inputs and configs that do not fit are refused with 422 before the stream begins.",
    ),
    _differs(
        "stream:tokens-hold-back",
        "4.3",
        "With feedback tokens the chunks wait for the token; none is lost.",
        "LangServe drops the chunks that come before the token.",
    ),
    _differs(
        "stream:heartbeat",
        "4.3",
        "A comment is sent after 15 seconds of silence.",
        "LangServe sends it every 15 seconds, whether or not data flows, with the time in it.",
    ),
    _same(
        "stream:disconnect",
        "4.3",
        "A client that leaves cancels the run, on all streaming endpoints.",
    ),
    _differs(
        "stream:line-separators",
        "12.1",
        "U+2028, U+2029 and U+0085 are escaped in event data.",
        "LangServe sends them as they are, and its Python client takes them for line ends.",
    ),
    _differs(
        "stream:slow-client",
        "4.3",
        "A slow client holds the source back; little waits in memory.",
        "An addition.",
    ),
    _differs(
        "stream:timeout",
        "4.3",
        "A run over the service's limit is 504, or an `error` event with that status.",
        "An addition; LangServe has no limit.",
    ),
    # --- stream_log
    _same(
        "log:patches",
        "4.4",
        "Data events hold `ops`, JSON patches that build up LangServe's run log.",
    ),
    _same(
        "log:document",
        "4.4",
        "The first patch replaces the whole document, with the id and name of the run.",
    ),
    _same(
        "log:entries",
        "4.4",
        "Each inner run has an entry below `/logs`; a repeated name gets `:2`.",
    ),
    _same(
        "log:filters",
        "4.4",
        "`include_…` and `exclude_…` lists choose the entries; a list of anything but strings is 422.",
    ),
    _same("log:ignored-keys", "4.4", "`diff` and `version` of the body are ignored."),
    _same("log:no-metadata-event", "1", "No metadata event is sent without feedback tokens."),
    _same(
        "log:allow-list",
        "5.4",
        "`stream_log_name_allow_list` shows log and events only of a runnable whose bound run name it holds.",
    ),
    _differs(
        "log:allow-list-unbound",
        "5.4",
        "With an allow list, a runnable without a bound name shows nothing but `end`.",
        "LangServe sends an error event.",
    ),
    # --- stream_events
    _same(
        "events:items",
        "4.5",
        "Data events are the items of `astream_events`, in their order, under the run's id and name.",
    ),
    _same("events:host-metadata", "4.5", "Metadata keys that begin with `__` are not sent."),
    _same("events:filters", "4.5", "The filters are those of stream_log."),
    _differs(
        "events:odd-values",
        "4.5",
        "An intermediate value without a JSON form is described, and the stream goes on.",
        "LangServe ends the stream with an error.",
    ),
    # --- config
    _same(
        "config:keys",
        "5.1",
        "Only the keys in `config_keys` count; others are dropped, never refused.",
    ),
    _same(
        "config:types",
        "5.2",
        "A value of a wrong type under an allowed key is 422, located inside the config.",
    ),
    _same(
        "config:configurable-refused",
        "5.1",
        "`configurable` for a declared field is 422 where it is not in `config_keys`.",
    ),
    _same(
        "config:fields",
        "5.2",
        "Configurable fields and alternatives take effect; an unknown alternative is 422.",
    ),
    _same(
        "config:undeclared",
        "5.2",
        "Keys of `configurable` that a runnable does not declare are dropped.",
    ),
    _differs(
        "config:defaults-not-filled",
        "5.1",
        "Fields that the body does not name stay as the hash has them.",
        "LangServe fills defaults in, so that one field in the body resets all others.",
    ),
    _same("config:server-config", "5.1", "`server_config` wins over the client's config."),
    _same(
        "config:modifier",
        "5.1",
        "The modifier, sync or async, has the last word; it may read the body, raise, or return None.",
    ),
    _differs(
        "config:modifier-configurable",
        "5.1",
        "The modifier always finds `configurable`, `metadata` and `tags` in the config.",
        "In LangServe they may be missing.",
    ),
    _same(
        "config:modifier-once-per-config",
        "5.1",
        "In a batch the modifier is called once for each config; never for schemas and the playground.",
    ),
    _same(
        "config:run-name",
        "5.1",
        "The run is named after the full path; at the empty path after the runnable; a client cannot set it.",
    ),
    _same(
        "config:host-metadata",
        "5.1",
        "Each run's metadata holds `__useragent`, `__langserve_version` and `__langserve_endpoint`, which a client cannot forge.",
    ),
    _same(
        "config:hosted",
        "5.1",
        "With `HOSTED_LANGSERVE_ENABLED` the metadata also holds LangServe's hosting variables.",
    ),
    _same(
        "config:run-id",
        "5.1",
        "The run's id is the client's where it may set it, else a new one; the reply has it.",
    ),
    _same("config:camel-case", "1", "The camelCase keys that JavaScript sends are dropped."),
    _differs(
        "config:caller",
        "5.1",
        "The identity of an authenticated caller is in the run's `configurable`.",
        "An addition.",
    ),
    _differs(
        "config:positive-limits",
        "5.2",
        "`max_concurrency` and `recursion_limit` below 1 are 422.",
        "In LangServe a batch without concurrency waits for ever.",
    ),
    # --- hash
    _same(
        "hash:lz-string", "5.3", "A hash is LZ-string in the URI-safe alphabet; `N4XyA` is `{}`."
    ),
    _same(
        "hash:invalid",
        "5.3",
        "What is no such hash, no JSON or no object is 400 `Invalid config hash`, on GET too.",
    ),
    _same("hash:wrong-types", "5.3", "Wrong types inside are 422."),
    _same(
        "hash:merged",
        "5.1",
        "Hash and body are merged; the body wins, metadata and configurable per key, tags are united.",
    ),
    _differs(
        "hash:bombs",
        "5.3",
        "A hash that unpacks to far more than it is, or is very long, is 400.",
        "LangServe unpacks whatever it is sent.",
    ),
    # --- schemas
    _same("schemas:endpoints", "6", "The three schemas are plain JSON schemas of the runnable."),
    _same(
        "schemas:configured", "6", "Under a hash they are those of the runnable as configured so."
    ),
    _same("schemas:config-keys", "6", "The config schema lists the allowed keys."),
    _same(
        "schemas:extra",
        "6",
        "What `json_schema_extra` adds to a field, such as `widget`, travels along.",
    ),
    _differs(
        "schemas:string-annotations",
        "6",
        "Functions of a module with `from __future__ import annotations` may use the module's own classes.",
        "LangServe fails when the routes are added.",
    ),
    # --- JSON
    _same(
        "json:shapes", "7.1", "Messages, documents, prompt values and models have LangServe's JSON."
    ),
    _differs(
        "json:odd-values",
        "7.1",
        "A value without a JSON form is described; it kills neither a reply nor a stream.",
        "LangServe answers 500, or ends the stream.",
    ),
    _differs(
        "json:tool-calls",
        "7.1",
        "Messages inside generations keep their tool calls and usage.",
        "LangServe loses the fields of subclasses.",
    ),
    # --- inputs
    _same("inputs:models-as-dicts", "7.3", "Pydantic models arrive as dicts, nested ones too."),
    _same(
        "inputs:objects-kept", "7.3", "Messages, documents and `CustomUserType` arrive as objects."
    ),
    _same("inputs:any", "7.3", "Under a schema of `Any` the data arrives as it was sent."),
    _same(
        "inputs:typed-dict",
        "16",
        "A TypedDict with UUID, datetime, date, time and Enum fields arrives with those types.",
    ),
    _same(
        "inputs:configured",
        "1",
        "The input is held against the schema of the runnable as configured by the request.",
    ),
    _same(
        "inputs:javascript-messages",
        "7.3",
        "Messages as JavaScript sends them, `example` included, are accepted.",
    ),
    _differs(
        "inputs:role-messages",
        "7.3",
        'Messages may be `{"role": …, "content": …}` wherever messages are expected.',
        "LangServe answers 500.",
    ),
    # --- callbacks
    _same(
        "callbacks:shape",
        "8",
        "With `include_callback_events` invoke and batch return the events in order, with the root's id and name.",
    ),
    _same("callbacks:off", "8", "Without it, and on streams, there are none."),
    _differs(
        "callbacks:models-and-tools",
        "8",
        "Chains with chat models, LLMs and tools return their events too.",
        "LangServe answers 500 to them.",
    ),
    _differs(
        "callbacks:closed-errors",
        "8",
        "The events of a batch whose items failed say that they did, and nothing more.",
        "An addition, for batches with `return_exceptions`.",
    ),
    _differs(
        "callbacks:error-type",
        "8",
        "The error of an event has the type `server_error`, not `error`.",
        "LangServe's client raises a TypeError on the latter, and the answer of a run that a fallback saved is lost.",
    ),
    # --- feedback
    _same(
        "feedback:create",
        "9",
        "`/feedback` gives feedback on a run through LangSmith, marked as from LangServe.",
    ),
    _same("feedback:off", "9", "It is 400 where tracing or the flag is off."),
    _differs(
        "feedback:probe",
        "9",
        "HEAD is 200 only where a POST would be taken.",
        "LangServe answers 200 where tracing is off.",
    ),
    _same("feedback:token", "9", "`/token_feedback` passes feedback on with its token."),
    _same("feedback:tokens", "9", "With a token config each run's reply carries a token for it."),
    _differs(
        "feedback:share-alone",
        "9",
        "Trace links work without the other two features.",
        "LangServe answers 500.",
    ),
    _differs(
        "feedback:kept",
        "9",
        "A service keeps feedback in a file of its own, whether LangSmith is on or not.",
        "An addition.",
    ),
    # --- playground
    _same(
        "playground:page",
        "10",
        "The page is at `playground/` and `playground/index.html`; without the slash it is a redirect.",
    ),
    _same(
        "playground:assets",
        "10",
        "Its files are below `<root path><prefix><path>/playground/assets/`, never below a hash.",
    ),
    _same(
        "playground:missing", "10", "Any other path is 404, encoded `..` and a leading slash too."
    ),
    _differs(
        "playground:folder",
        "10",
        "A folder of the bundle is 404.",
        "LangServe answers 500.",
    ),
    _differs(
        "playground:head",
        "10",
        "The page and its files answer HEAD.",
        "In LangServe it is 405.",
    ),
    _differs(
        "playground:caching",
        "10",
        "The files are compressed, and kept by the browser: their names carry hashes.",
        "LangServe sends all of them whole on every visit.",
    ),
    _differs(
        "playground:escaped",
        "10",
        "Nothing of a runnable is in the page's HTML, so nothing can break out of it.",
        "LangServe writes schemas into a script element as they are.",
    ),
    _differs(
        "playground:globals",
        "10",
        "The page fetches schemas and flags; there are no globals.",
        "They belong to LangServe's bundle; moorage has a page of its own.",
    ),
    _differs(
        "playground:about",
        "10",
        "`/playground/about.json` says what the page needs to know of its runnable.",
        "An addition.",
    ),
    _differs(
        "playground:configured",
        "10",
        "Under a hash the page is told the configuration, and fetches the schemas as configured.",
        "LangServe writes the schemas into the page.",
    ),
    # --- OpenAPI
    _same("openapi:names", "11", "Tags, route names and model names are LangServe's."),
    _same(
        "openapi:shared-names",
        "11",
        "Runnables that share model names, and fifty runnables, are documented.",
    ),
    _differs(
        "openapi:no-side-effects",
        "11",
        "Documentation changes nothing: runnables with equal names and different outputs all answer.",
        "In LangServe all but the first answer 500.",
    ),
    _same("openapi:playground-unlisted", "11", "The playground is not listed."),
    _differs(
        "openapi:lazy",
        "11",
        "Models are made on the first request for the document.",
        "LangServe makes them when routes are added.",
    ),
    # --- errors
    _same("errors:closed", "4.1", "Any other exception is a 500 that discloses nothing."),
    _differs(
        "errors:json",
        "4.1",
        "Error bodies are JSON with `detail`, and `message` beside it.",
        "LangServe's 500 is plain text, which the JavaScript client cannot read.",
    ),
    _differs(
        "errors:mapper",
        "13",
        "An error mapper gives failures a status and a message, on every endpoint.",
        "An addition.",
    ),
    _same("errors:own-handlers", "4.1", "Exception handlers of the user's application are asked."),
    # --- our own client
    _same(
        "remote:calls",
        "12.1",
        "invoke and batch post to `/invoke` and `/batch`; an empty batch makes no request.",
    ),
    _same(
        "remote:keywords",
        "12.1",
        "Keyword arguments of invoke and batch are refused with `NotImplementedError`.",
    ),
    _same(
        "remote:config",
        "12.1",
        "Callbacks, and values of `configurable` that are not JSON, stay in the client.",
    ),
    _same(
        "remote:status-errors",
        "12.1",
        "A refusal is an `HTTPStatusError` with the body in its message and no credentials.",
    ),
    _same(
        "remote:stream-errors",
        "12.1",
        "An `error` event is an `HTTPStatusError` with the event's status, after the chunks before it.",
    ),
    _same("remote:unknown-events", "12.1", "Unknown events are logged once and ignored."),
    _same("remote:end", "12.1", "A stream stops at `end`; nothing after it counts."),
    _same(
        "remote:replaced-clients",
        "12.1",
        "`sync_client` and `async_client` can be replaced, and all traffic goes through them.",
    ),
    _same("remote:closed", "12.1", "Both are closed with the runnable, inside and outside a loop."),
    _same("remote:serializer", "12.1", "A serializer of the user's is used both ways."),
    _same(
        "remote:callback-events",
        "12.1",
        "Callback events of the server are replayed under the local run.",
    ),
    _differs(
        "remote:error-events",
        "8",
        "Callback events of failures are replayed too.",
        "LangServe's client raises `TypeError`.",
    ),
    _differs(
        "remote:return-exceptions",
        "12.1",
        "`return_exceptions` works per item, in `abatch` too.",
        "LangServe gives the one failure for every item, and ignores the flag in `abatch`.",
    ),
    _differs(
        "remote:line-separators",
        "12.1",
        "U+2028, U+2029 and U+0085 in the data break no stream.",
        "LangServe's client splits lines there.",
    ),
    _differs(
        "remote:metadata",
        "12.1",
        "The caller can collect the metadata of replies: run ids and feedback tokens.",
        "LangServe's client drops them.",
    ),
    # --- graphs
    _differs(
        "graphs:thread-id",
        "5.2",
        "`thread_id` and other configurables reach a LangGraph graph, and state persists across calls.",
        "LangServe drops them; a graph with a checkpointer answers 500.",
    ),
    _differs(
        "graphs:private-keys",
        "5.2",
        "Keys of `configurable` that begin with `__` never come from a client.",
        "They are LangGraph's own.",
    ),
    _differs(
        "graphs:passthrough",
        "15",
        "`configurable_passthrough` chooses which undeclared keys reach the runnable.",
        "An addition.",
    ),
    # --- clients
    _same(
        "clients:python",
        "12.1",
        "LangServe's `RemoteRunnable` works unmodified: invoke, batch and stream, synchronous and asynchronous.",
    ),
    _same(
        "clients:python-config",
        "12.1",
        "What LangServe's `RemoteRunnable` sends of a config reaches the runnable, as far as it is allowed.",
    ),
    _same(
        "clients:python-errors",
        "12.1",
        "LangServe's `RemoteRunnable` raises `HTTPStatusError` with the status and the message, on streams too.",
    ),
    _same(
        "clients:python-events",
        "12.1",
        "LangServe's `RemoteRunnable` yields the server's patches and events, and replays its callback events.",
    ),
    _same(
        "clients:local-tracer",
        "16",
        "A tracer in the server's own process sees two root runs for an invoke, one run for each input of a batch.",
    ),
    _same(
        "clients:history",
        "16",
        "`RunnableWithMessageHistory` around a `RemoteRunnable` holds a conversation.",
    ),
    _same(
        "clients:javascript",
        "12.2",
        "`RemoteRunnable` of `@langchain/core` 0.3.80 works unmodified: invoke, batch, stream, log and events.",
    ),
    _same(
        "clients:curl",
        "3",
        "curl works: `-N`, chunked uploads, `Expect: 100-continue`, HTTP/1.0, one connection for many requests.",
    ),
)

MANIFEST = Manifest(
    _LANGSERVE,
    "LangServe",
    "The reference is LangServe 0.3.3.",
    _GROUPS,
    _REQUIREMENTS,
)
