"""What the Agent Server's API requires of moorage."""

from tests.protocols.requirements import Manifest, Protocol, Requirement

_AGENTS = Protocol("agents")
_same, _differs, _lacks = _AGENTS.same, _AGENTS.differs, _AGENTS.lacks

_GROUPS = {
    "conventions": "Conventions",
    "threads": "Threads",
    "states": "States and histories",
    "runs": "Runs",
    "streams": "Streams of runs",
    "joins": "Joining and coming back",
    "followers": "Streams of threads",
    "semantics": "What runs do to one another and to threads",
    "nodes": "What a node sees",
    "webhooks": "Webhooks",
    "newer": "Newer protocol of threads",
    "assistants": "Assistants",
    "crons": "Crons",
    "store": "Store",
    "system": "System and extension points",
    "auth": "Authentication and authorization",
    "clients": "Clients that others wrote",
}

_REQUIREMENTS: tuple[Requirement, ...] = (
    # --- Conventions
    _same("conventions:errors", "1", 'What is refused is `{"detail": …}` with one sentence.'),
    _same(
        "conventions:ids",
        "1",
        "An id that is no UUID is 422: `Invalid thread ID: must be a UUID`.",
    ),
    _differs(
        "conventions:empty-body",
        "1",
        "An empty body is an empty object.",
        "The Agent Server answers 422.",
    ),
    _same("conventions:not-json", "1", "A body that is no JSON is 422."),
    _same("conventions:null", "1", "A key with null is the same as no key."),
    _same("conventions:content-type", "1", "The content type of a body does not matter."),
    _same("conventions:unknown-keys", "1", "Keys that nobody knows are ignored."),
    _same("conventions:times", "1", "Times are ISO 8601 with microseconds and `+00:00`."),
    _same("conventions:not-finite", "1", "Numbers that JSON has none for are null."),
    _same("conventions:messages", "1", "Messages are plain objects with `type` and `content`."),
    _differs(
        "conventions:private-network",
        "1",
        "A page of the internet may call a service on the loopback, where its origin may.",
        "The Agent Server refuses it unless a variable is set.",
    ),
    _differs(
        "conventions:pages",
        "1",
        "Searches say how many rows there are, and where the next page begins.",
        "The Agent Server's total is the number of rows up to the next page.",
    ),
    _same(
        "conventions:cors",
        "1",
        "Pages of the origins that a project names may call, and read where a run is.",
    ),
    _differs(
        "conventions:lists",
        "1",
        "Lists in a query are read in each form: repeated names, JSON, commas.",
        "Of repeated names the Agent Server reads the last.",
    ),
    _same(
        "conventions:locations",
        "1",
        "`Content-Location` names the run and its thread, `Location` is where a client comes back to.",
    ),
    _differs(
        "conventions:stateless-location",
        "1",
        "The `Location` of a stream without a thread is a route that is there.",
        "The Agent Server has none where it points.",
    ),
    # --- Threads
    _same("threads:life", "2", "A thread is made, changed by merging metadata, and deleted."),
    _same(
        "threads:if-exists",
        "2",
        "An id that is taken is 409, or returns the thread as it is with `do_nothing`.",
    ),
    _same(
        "threads:search",
        "2",
        "Threads are found and counted by ids, metadata, values and status, sorted, and in part.",
    ),
    _same("threads:extract", "2", "`extract` returns values inside of threads beside them."),
    _same("threads:minimal", "2", "A patch with `Prefer: return=minimal` answers 204."),
    _same("threads:copy", "2", "A copy has the history and goes its own way."),
    _differs(
        "threads:copy-unknown",
        "2",
        "A copy of a thread that is not there is 404.",
        "The Agent Server answers 409.",
    ),
    _same("threads:prune", "2", "Threads are deleted, or trimmed to their latest state."),
    _same(
        "threads:ttl",
        "2",
        "A thread may have a lifetime, and says with `include=ttl` when it ends.",
    ),
    _same("threads:supersteps", "2", "A thread is made with a history."),
    _differs(
        "threads:supersteps-fail",
        "2",
        "A history that cannot be made is refused, and leaves no thread.",
        "The Agent Server answers 201 with a thread and a `detail`.",
    ),
    _same("threads:storage", "2", "A thread says how much its states take."),
    _same(
        "threads:config", "2", "A thread shows the choices of its last run, without reserved keys."
    ),
    _differs(
        "threads:search-ids",
        "2",
        "An id in `ids` that is no UUID is 422, as it is everywhere.",
        "The Agent Server answers 400 there.",
    ),
    # --- States
    _same(
        "states:latest", "3", "The latest state has values, next, tasks, checkpoints and metadata."
    ),
    _same("states:never-ran", "3", "A thread that never ran has an empty state."),
    _same(
        "states:at",
        "3",
        "A state at a checkpoint is found by its id in the path, and by an object in a body.",
    ),
    _same("states:unknown", "3", "A checkpoint that is not there is an empty state with its id."),
    _differs(
        "states:select",
        "3",
        "`select` returns a part of a state.",
        "The clients send it, and the Agent Server ignores it.",
    ),
    _same(
        "states:subgraphs",
        "3",
        "States of subgraphs are within the state, or found by their namespace.",
    ),
    _same(
        "states:update",
        "3",
        "An update counts as if a node had returned it; the node that wrote last is meant.",
    ),
    _same(
        "states:fork",
        "3",
        "An update at an earlier checkpoint is a fork, and leaves what was there.",
    ),
    _differs(
        "states:busy",
        "3",
        "An update of a thread on which a run works is 409, and names the run.",
        "The Agent Server's error holds the whole row of the run.",
    ),
    _same(
        "states:history", "3", "A history is newest first, with forks; without a limit one state."
    ),
    _differs(
        "states:before",
        "3",
        "`before` is an id, a checkpoint or a config.",
        "The Agent Server answers 422 or 500 to some of them.",
    ),
    _same(
        "states:from",
        "3",
        "A history begins at a checkpoint, and is that of a subgraph by its namespace.",
    ),
    _same("states:metadata", "3", "A history is searched by metadata."),
    # --- Runs
    _same(
        "runs:wait",
        "4.1",
        "`wait` sends what comes of a run, after line breaks that keep it alive.",
    ),
    _same("runs:background", "4.1", "A run in the background is returned at once, as pending."),
    _same("runs:stateless", "4.3", "A run without a thread leaves nothing, unless it is to."),
    _same("runs:batch", "4.1", "Runs are begun together, all of them or none."),
    _same(
        "runs:list", "4.1", "The runs of a thread are listed newest first, by status, and in part."
    ),
    _differs(
        "runs:delete",
        "4.1",
        "A run is deleted when it has ended; before that it is 409.",
        "The Agent Server deletes it, and its thread stays busy for ever.",
    ),
    _same(
        "runs:unknown-assistant",
        "4.1",
        "A name that is no graph is 422, an id that is not there 404.",
    ),
    _same("runs:failure", "4.4", "A failure is told with status 200, in the body."),
    _same("runs:if-not-exists", "4.2", "A thread is made under the id that the client chose."),
    _same("runs:question", "4.4", "`__interrupt__` in the result holds the questions."),
    _same("runs:both-contexts", "4.1", "`context` and `config.configurable` together are 400."),
    _differs(
        "runs:feedback-keys",
        "5.3",
        "`feedback_keys` do no harm.",
        "Without LangSmith the Agent Server ends such a run with an error.",
    ),
    _lacks(
        "runs:strict-resume",
        "4.2",
        "`strict_resume` does not refuse answers to questions that nobody asks.",
        "`/info` does not offer it, and clients ask for it only then.",
    ),
    # --- Streams
    _same(
        "streams:frames",
        "5.1",
        "Events are CRLF frames with one line of JSON, uncached, and not buffered by nginx.",
    ),
    _same(
        "streams:heartbeat",
        "5.1",
        "A comment comes after each five seconds, before the run begins too.",
    ),
    _same("streams:metadata", "5.2", "The first event is `metadata` with `run_id` and `attempt`."),
    _same(
        "streams:steps",
        "5.3",
        "`values`, `updates`, `tasks`, `checkpoints` and `debug` tell the steps.",
    ),
    _same(
        "streams:tuples", "5.3", "`messages-tuple` sends chunks with their metadata, as `messages`."
    ),
    _same("streams:messages", "5.3", "`messages` sends messages as they are so far."),
    _same("streams:events", "5.3", "`events` sends what `astream_events` yields."),
    _same("streams:custom", "5.3", "`custom` sends what a node writes."),
    _same("streams:interrupts", "5.3", "A question is in the last `values` and in `updates`."),
    _same("streams:error", "5.3", "A failure is the last event, `error`."),
    _same(
        "streams:subgraphs",
        "5.4",
        "The names of events of subgraphs have their namespace behind a bar.",
    ),
    _same("streams:newer-modes", "4.2", "Modes of the newer protocol are passed over."),
    _same("streams:no-end", "5.1", "A stream ends by its end, without an `end` event."),
    # --- Joins
    _same(
        "joins:result",
        "4.1",
        "Who joins gets what comes of the run, or what the thread holds by now.",
    ),
    _same("joins:live", "5.6", "Without an id, who joins gets what comes from then on."),
    _same("joins:early", "5.6", "Who joins before the run begins sees all of it."),
    _same("joins:ids", "5.6", "Only events of resumable runs have ids, and these ascend."),
    _same(
        "joins:resume", "5.6", "A resumable run is sent again after any of its events, or whole."
    ),
    _same("joins:odd-ids", "5.6", "What is no id is the same as none."),
    _same("joins:modes", "5.5", "A joiner chooses among the modes of the run."),
    _differs(
        "joins:unknown",
        "4.1",
        "A run that is not there is 404 to who joins it.",
        "The Agent Server answers 200 with an error in the body.",
    ),
    _differs(
        "joins:stateless",
        "5.6",
        "A run is joined by its id alone, at `/runs/{run_id}`.",
        "An addition, where the JavaScript client looks for it.",
    ),
    _same("joins:disconnect", "5.6", "With `cancel_on_disconnect` a joiner takes the run along."),
    _same(
        "joins:cut",
        "5.6",
        "A stream that ends before its run, because the service stops, is cut off.",
    ),
    # --- Followers
    _same("followers:runs", "5.7", "The stream of a thread has the events of all its runs."),
    _differs(
        "followers:modes",
        "5.7",
        "Modes are chosen by `stream_mode` and by `stream_modes`.",
        "The clients send the one, and the Agent Server reads the other.",
    ),
    _same("followers:resume", "5.7", "A follower goes on where it left."),
    _same("followers:states", "5.7", "A state that is changed by hand is told."),
    _differs(
        "followers:unknown",
        "5.7",
        "A thread that is not there is 404.",
        "The Agent Server answers 200 and is silent.",
    ),
    # --- Semantics
    _same("semantics:enqueue", "6.2", "A run that is queued comes after those before it."),
    _same("semantics:reject", "6.2", "A busy thread rejects with 409, before anything is sent."),
    _same("semantics:interrupt", "6.2", "An interrupted run leaves the steps that it finished."),
    _same("semantics:rollback", "6.2", "A run that is rolled back was never there."),
    _same("semantics:delayed", "4.2", "A delayed run makes its thread busy and holds nobody up."),
    _same(
        "semantics:cancel",
        "6.3",
        "A cancelled run ends as interrupted, and its stream without an error.",
    ),
    _same(
        "semantics:cancel-wait", "6.3", "A cancellation is 202, or 200 when the run has stopped."
    ),
    _same("semantics:cancel-ended", "6.3", "The cancellation of a run that has ended is 404."),
    _same("semantics:cancel-many", "4.1", "Several runs are cancelled at once."),
    _differs(
        "semantics:cancel-pending",
        "6.1",
        "However a run is stopped, its thread is not busy afterwards.",
        "A rollback that nobody waits for leaves the Agent Server's thread busy.",
    ),
    _same(
        "semantics:disconnect",
        "5.8",
        "`on_disconnect` says whether a run ends with its client's connection.",
    ),
    _same(
        "semantics:statuses", "6.1", "A run that asks is a success, and its thread is interrupted."
    ),
    _same("semantics:resume", "6.4", "A question is answered by a value, or by its id."),
    _same("semantics:several", "6.4", "One answer to several questions is an error of the run."),
    _same("semantics:null-answer", "6.4", "A null answer is an answer, and no answer is none."),
    _same("semantics:goto", "6.4", "A command updates the state, and says where to go."),
    _same(
        "semantics:breakpoints",
        "4.2",
        "A run stops before and behind nodes, and goes on without input.",
    ),
    _same("semantics:replay", "6.7", "A run begins at an earlier checkpoint."),
    _same("semantics:durability", "6.7", "As many checkpoints are kept as the client says."),
    _same(
        "semantics:recursion",
        "6.5",
        "A run that goes round too often fails with `GraphRecursionError`.",
    ),
    # --- Nodes
    _same("nodes:configurable", "6.5", "The client's choices win over the assistant's."),
    _same("nodes:ids", "6.5", "A node finds the ids of run, thread, assistant and graph."),
    _same("nodes:context", "6.5", "The context is in the configurable, and the other way round."),
    _same(
        "nodes:metadata", "6.5", "Metadata are the assistant's, with the config's and the run's."
    ),
    _same(
        "nodes:declared",
        "6.5",
        "Of a context, `runtime.context` has what the graph's schema declares.",
    ),
    _same(
        "nodes:steps",
        "6.5",
        "A run takes 25 steps, unless its config, its graph or the deployment says otherwise.",
    ),
    _same(
        "nodes:request",
        "6.5",
        "`langgraph_request_id` is the `x-request-id` of the request that began the run.",
    ),
    _differs(
        "nodes:versions",
        "6.5",
        "A run and its checkpoints name the attempt and the version of LangGraph.",
        "The Agent Server also names its own version, its licence plan, its host and its URL.",
    ),
    _differs(
        "nodes:identity",
        "6.5",
        "A client cannot say who it is.",
        "The Agent Server takes a `user_id` that a client sends.",
    ),
    _same("nodes:headers", "11", "Headers that a project chooses reach the run."),
    _same(
        "nodes:loopback",
        "6.5",
        "A client that a module made by `get_client()` without a URL calls the server in its process.",
    ),
    _differs(
        "nodes:loopback-credential",
        "6.5",
        "Such a client is nobody, unless it has a credential.",
        "The Agent Server asks it for none.",
    ),
    _lacks(
        "nodes:loopback-in-node",
        "6.5",
        "A client that a node itself makes by `get_client()` without a URL does not find the server.",
        "It looks for the Agent Server's own modules; make it in the module, or name the URL.",
    ),
    # --- Webhooks
    _same("webhooks:end", "6.6", "A receiver is told of the end of a run."),
    _same("webhooks:own-path", "6.6", "A path is told within the server."),
    _same("webhooks:policy", "6.6", "An address that is not allowed is 422."),
    _same("webhooks:off", "6.6", "Where webhooks are off, nobody is told."),
    _differs(
        "webhooks:questions",
        "6.6",
        "The receiver of a run that asks is told the questions.",
        "The Agent Server's does not see them.",
    ),
    # --- Newer protocol
    _same("newer:run-start", "7.1", "`run.start` begins a run, and makes its thread."),
    _differs(
        "newer:second-run",
        "7.1",
        "A second `run.start` is answered at once.",
        "The Agent Server answers when the first run is over.",
    ),
    _same("newer:respond", "7.1", "`input.respond` answers one question or several, once."),
    _same("newer:tree", "7.1", "`agent.getTree` tells which graphs a run is in."),
    _same(
        "newer:refusals",
        "7.1",
        "A command that cannot be carried out is told why, with status 200.",
    ),
    _same("newer:envelope", "7.1", "What is no command is 400."),
    _same("newer:early", "7.2", "A stream that is there before its thread tells of it."),
    _same(
        "newer:runs", "7.2", "A stream goes on from run to run, and tells of runs of older clients."
    ),
    _same("newer:since", "7.2", "Who comes back names the last event, and misses nothing."),
    _same("newer:places", "7.2", "Namespaces and depth choose the places that are told of."),
    _same("newer:restart", "7.2", "The numbers of events rise over a restart."),
    _same("newer:lifecycle", "7.3", "Runs and subgraphs begin and end in `lifecycle`."),
    _same("newer:blocks", "7.3", "Messages are told in blocks."),
    _same("newer:questions", "7.3", "A question is told before its run is interrupted."),
    _same("newer:sockets", "7.4", "Commands, answers and events share a WebSocket."),
    _same(
        "newer:replay", "7.4", "On a socket what is kept comes before the answer that counts it."
    ),
    _lacks(
        "newer:optional",
        "7.1",
        "`input.inject`, `state.get`, `state.listCheckpoints` and `state.fork` are unknown commands.",
        "So they are to the Agent Server 0.16.7.",
    ),
    _same("newer:unsubscribe", "7.4", "Who unsubscribes is told no more."),
    # --- Assistants
    _same(
        "assistants:default",
        "8",
        "Every graph has an assistant from the start, under the Agent Server's id.",
    ),
    _same(
        "assistants:life",
        "8",
        "An assistant is made, changed, and deleted; each change is a version.",
    ),
    _differs(
        "assistants:latest",
        "8",
        "The version that is made the latest has its context too.",
        "The Agent Server keeps the context of the newer one.",
    ),
    _same("assistants:if-exists", "8", "An id that is taken is 409, or returns what is there."),
    _same("assistants:search", "8", "Assistants are found, counted, sorted, and shown in part."),
    _same(
        "assistants:graph",
        "8",
        "A graph is drawn, with what is inside of it, and described by schemas.",
    ),
    _differs(
        "assistants:names",
        "8",
        "Wherever an assistant's id is, the name of a graph may be.",
        "At the Agent Server only in some places.",
    ),
    # --- Crons
    _same("crons:row", "9", "A cron says when it runs next, and what it sends."),
    _same(
        "crons:fires",
        "9",
        "Each run has a thread of its own, or the cron's, and the cron's metadata.",
    ),
    _same("crons:on-completed", "9", "Threads go with their runs, unless they are to stay."),
    _same(
        "crons:change", "9", "A cron is changed, switched off and on, and ended; no change is 400."
    ),
    _same("crons:search", "9", "Crons are found, counted, sorted, and shown in part."),
    _differs(
        "crons:refusals",
        "9",
        "A schedule, a time zone or an end that makes no sense is 422.",
        "The Agent Server takes six fields and ends in the past, and answers 500 without a schedule.",
    ),
    _same("crons:gone", "9", "A cron goes with its assistant or its thread."),
    # --- Store
    _same(
        "store:items", "10", "An item is put, changed and deleted; one that is not there is null."
    ),
    _same("store:search", "10", "Items are found by prefix and filter, page by page."),
    _same("store:namespaces", "10", "Namespaces are listed by prefix, suffix and depth."),
    _same("store:labels", "10", "Labels that are empty or have dots are 422."),
    _same("store:operators", "10", "An operator that there is not is 400."),
    _same("store:semantic", "10", "With an index the nearest items come first."),
    _same("store:nodes", "10", "Nodes and clients share it."),
    _same("store:ttl", "10", "Items may have a lifetime."),
    _differs(
        "store:no-prefix",
        "10",
        "A search without a prefix finds everything.",
        "The Agent Server answers 500.",
    ),
    # --- System
    _same("system:info", "11", "`/ok` and `/info` say that it is there, and what it can do."),
    _same(
        "system:prefix",
        "11",
        "Everything is below the project's prefix, and probes at the root too.",
    ),
    _same("system:disabled", "11", "A project leaves resources out."),
    _same("system:own-app", "11", "An application of the project's is a part of the service."),
    _differs(
        "system:langserve",
        "11",
        "Every graph answers LangServe's clients, below its name.",
        "An addition.",
    ),
    _same(
        "system:metrics", "11", "`/metrics` counts runs, and answers in JSON with `format=json`."
    ),
    _same("system:openapi", "11", "`/openapi.json` describes every operation in OpenAPI 3.1."),
    _lacks("system:mcp", "11", "Agents are no tools at `/mcp`.", "Not built yet."),
    _lacks("system:a2a", "11", "Agents are not spoken to at `/a2a`.", "Not built yet."),
    _lacks(
        "system:ui", "11", "A project's own components are not served at `/ui`.", "Not built yet."
    ),
    # --- Auth
    _same("auth:closed", "12", "Without a credential nothing is there but the open pages."),
    _same("auth:created", "12", "What is made is marked with who made it."),
    _same("auth:hidden", "12", "What is of others is 404, and in no search and no count."),
    _same("auth:taken", "12", "An id of another is taken: 409."),
    _same("auth:forbidden", "12", "A handler's refusal is 403, or the error that it raises."),
    _same("auth:nodes", "12", "A node knows its caller, after a restart and from a cron too."),
    _differs(
        "auth:secrets",
        "12",
        "No answer and no event shows more of a caller than the identity.",
        "The Agent Server's show all that the handler returned.",
    ),
    _same("auth:store", "12", "A handler gives everybody a namespace of their own."),
    _same("auth:broken", "12", "Handlers that cannot be imported stop the start."),
    _differs(
        "auth:failing",
        "12",
        "A handler that fails tells nothing.",
        "The Agent Server's error bodies may.",
    ),
    _differs(
        "auth:studio",
        "12",
        "No header goes around the handlers.",
        "The development server takes any key with `x-auth-scheme: langsmith`.",
    ),
    _lacks(
        "auth:encryption",
        "12",
        "`encryption.path` and `priority.path` are not heeded.",
        "A warning names them at the start.",
    ),
    # --- Clients
    _same(
        "clients:python",
        "15",
        "`langgraph_sdk` 0.4 works unmodified, asynchronous and synchronous.",
    ),
    _same(
        "clients:javascript",
        "15",
        "`@langchain/langgraph-sdk` 1.15 works unmodified under Node.js.",
    ),
    _same(
        "clients:use-stream",
        "15",
        "`useStream` of `@langchain/langgraph-sdk/react` 1.15 works unmodified in a browser: tokens, "
        "reloads, questions, stopping, branches, failures.",
    ),
    _same(
        "clients:newer-hook",
        "15",
        "`useStream` of `@langchain/react` works unmodified in a browser, over events and sockets.",
    ),
    _same(
        "clients:newer-python",
        "15",
        "`threads.stream` of `langgraph_sdk` works unmodified, over events and sockets.",
    ),
    _same(
        "clients:chat-ui",
        "15",
        "The calls of Agent Chat UI are answered: its connection test, its list of threads, its runs.",
    ),
    _same(
        "clients:remote-graph",
        "15",
        "`RemoteGraph` works unmodified, alone and as a node of a local graph.",
    ),
)

MANIFEST = Manifest(
    _AGENTS,
    "Agent Server",
    "The reference is the Agent Server 0.16.7, with the clients of its time.",
    _GROUPS,
    _REQUIREMENTS,
)
