import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { About, Failure, JsonObject, RunnableClient } from "../../api";
import { type RunMethod, RunStore } from "../../run";
import {
  type FieldErrors,
  fieldErrorsOf422,
  formModel,
  loadChecker,
  toInput,
  validate,
} from "../../schema";
import { Drafts } from "../history/drafts";
import type { RunRecord } from "../history/record";
import { History } from "../history/store";
import { configHash, LONGEST_HASH, sharedInput } from "../share/links";
import {
  changedParts,
  configOf,
  configurationModels,
  partsOf,
  withDefaults,
} from "./configuration";
import { newId } from "./newId";
import { operationsOf } from "./operations";
import { recordOf } from "./recordOf";
import { holdsSecrets, withoutSecrets } from "./secrets";
import { type FormState, type KeptForm, useForm } from "./useForm";
import { type Resource, useResource } from "./useResource";

const NONE: FieldErrors = new Map();
const ANYTHING = formModel(true);
const SETTLES_AFTER_MS = 300;
const DRAFT_AFTER_MS = 400;

/** What the whole page works on. */
export interface Playground {
  client: RunnableClient;
  about: About;
  input: FormState;
  inputSchema: Resource<unknown>;
  /** What the service said of single fields. */
  refused: { input: FieldErrors; config: FieldErrors };
  /** Whether all that seems wrong is shown, also where nobody has been. */
  complaining: boolean;
  configuration: Configuration;
  store: RunStore;
  methods: readonly RunMethod[];
  method: RunMethod;
  setMethod: (method: RunMethod) => void;
  /** Run what the form holds; complaints stop it, unless it is told not to mind. */
  start: (options?: { anyway?: boolean }) => void;
  /** How many complaints kept the form from being run. */
  held: number;
  history: History;
  keep: (record: RunRecord) => void;
  /** What this browser did not keep. */
  notKept: { draft: boolean; history: boolean };
  /** Put an input and a configuration into the forms. */
  replay: (record: Pick<RunRecord, "input" | "config">) => void;
  /** Tell of a failure: the page asks for a credential where that is what was missing. */
  noticed: (failure: Failure | null) => void;
  /** Whether the input came with the link. */
  cameWithLink: boolean;
}

export interface Configuration {
  schema: Resource<unknown>;
  fields: FormState | null;
  settings: FormState | null;
  /** How many fields are not as they are by default. */
  changed: number;
  thread: string | null;
  setThread: (thread: string) => void;
  /** What is sent. */
  config: JsonObject;
  /** What may be kept and shared: without the thread, and without passwords. */
  shareable: JsonObject;
  hasSecrets: boolean;
  reset: () => void;
}

interface KeptDraft {
  input?: KeptForm;
  config?: Record<string, unknown>;
  method?: string;
}

export interface PlaygroundOptions {
  client: RunnableClient;
  about: About;
  /** The service asked for a credential that this page no longer has. */
  onSignedOut: () => void;
}

const CREDENTIAL_NEEDED = 401;

export function usePlayground({ client, about, onSignedOut }: PlaygroundOptions): Playground {
  const runnable = client.addresses.runnable("").pathname;
  const drafts = useMemo(() => new Drafts(draftName(runnable, about)), [runnable, about]);
  const history = useMemo(() => new History(runnable), [runnable]);
  const first = useMemo(() => startOf(drafts), [drafts]);
  const [notKept, setNotKept] = useState({ draft: false, history: false });
  const [held, setHeld] = useState(0);
  const [complaining, setComplaining] = useState(false);
  const [refused, setRefused] = useState({ input: NONE, config: NONE });
  const [store] = useState(() => new RunStore(client));
  const methods = useMemo(() => methodsOf(about), [about]);
  const [chosen, setMethod] = useState<RunMethod | null>(
    () => methods.find((method) => method === first.method) ?? null,
  );
  const method = chosen ?? methods[0] ?? "invoke";

  const configuration = useConfiguration(client, about, first.config);
  const hash = useSettled(schemaHash(about, configuration.shareable));
  const loadInput = useCallback(
    (signal: AbortSignal) => schemaOf(client, "input_schema", { signal, configHash: hash }),
    [client, hash],
  );
  const published = about.operations.includes("input_schema");
  const inputSchema = useResource<unknown>(published ? loadInput : null);
  const inputModel = useMemo(
    () => (inputSchema.value === undefined ? ANYTHING : formModel(inputSchema.value)),
    [inputSchema.value],
  );
  const input = useInput(inputModel, published && inputSchema.loading, first.input);

  const noticed = useCallback(
    (failure: Failure | null) => {
      if (failure?.status === CREDENTIAL_NEEDED) onSignedOut();
    },
    [onSignedOut],
  );
  useEffect(() => noticed(inputSchema.failure), [noticed, inputSchema.failure]);
  useEffect(() => noticed(configuration.schema.failure), [noticed, configuration.schema.failure]);

  const asked = useRef({ input, configuration, method });
  asked.current = { input, configuration, method };

  const keep = useCallback(
    (record: RunRecord) => {
      history.add(record).then(
        () => setNotKept((before) => ({ ...before, history: false })),
        () => setNotKept((before) => ({ ...before, history: true })),
      );
    },
    [history],
  );

  const start = useCallback(
    ({ anyway = false } = {}) => {
      const { input: form, configuration: config, method: how } = asked.current;
      const found =
        validate(form.model, form.value).size +
        (config.fields ? validate(config.fields.model, config.fields.value).size : 0);
      setComplaining(true);
      setHeld(anyway ? 0 : found);
      if (found > 0 && !anyway) return;
      const json = form.json === undefined ? null : form.json;
      const secretless = toInput(form.model, withoutSecrets(form.model.field, form.value)) ?? null;
      const request = {
        method: how,
        input: how === "batch" ? [json] : json,
        config: config.config,
        configHash: "",
        operations: operationsOf(about),
      };
      const kept = { input: secretless, config: config.shareable };
      void store.start(request).then((ended) => {
        keep(recordOf(ended, kept));
        noticed(ended.failure);
        if (ended.failure?.status === 422) {
          setRefused(refusalOf(ended.failure, form, config.fields));
        }
      });
    },
    [about, keep, noticed, store],
  );

  useDraft(drafts, { input, configuration, method }, (kept) =>
    setNotKept((before) => (before.draft === !kept ? before : { ...before, draft: !kept })),
  );

  const replay = useCallback(
    (record: Pick<RunRecord, "input" | "config">) => {
      input.fill(record.input);
      const { fields, settings } = partsOf(record.config);
      for (const [form, parts] of [
        [configuration.fields, fields],
        [configuration.settings, settings],
      ] as const) {
        form?.fill(withDefaults(form.model, parts));
      }
    },
    [input.fill, configuration.fields, configuration.settings],
  );

  return {
    client,
    about,
    input,
    inputSchema,
    refused,
    complaining,
    configuration,
    store,
    methods,
    method,
    setMethod,
    start,
    held,
    history,
    keep,
    notKept,
    replay,
    noticed,
    cameWithLink: first.fromLink,
  };
}

/** What the page starts with: what came with the link, or else the draft. */
function startOf(drafts: Drafts): KeptDraft & { fromLink: boolean } {
  const draft = drafts.read();
  const kept = draft as KeptDraft | null;
  const shared = sharedInput(location.hash);
  if (shared !== undefined) return { ...kept, input: { json: shared }, fromLink: true };
  return { ...kept, fromLink: false };
}

/** A share link has a draft of its own, so that it shows what it says. */
function draftName(runnable: string, about: About): string {
  return about.config_hash === "" ? runnable : `${runnable} ${about.config_hash}`;
}

function methodsOf({ operations }: About): RunMethod[] {
  const has = (name: About["operations"][number]) => operations.includes(name);
  return [
    ...(has("stream_events") || has("stream") ? (["stream"] as const) : []),
    ...(has("invoke") ? (["invoke"] as const) : []),
    ...(has("batch") ? (["batch"] as const) : []),
    ...(has("stream_events") ? (["events"] as const) : []),
  ];
}

/** A schema, with what checks values against it. */
async function schemaOf(
  client: RunnableClient,
  ...which: Parameters<RunnableClient["schema"]>
): Promise<unknown> {
  const [schema] = await Promise.all([client.schema(...which), loadChecker()]);
  return schema;
}

function useConfiguration(
  client: RunnableClient,
  about: About,
  draft: Record<string, unknown> | undefined,
): Configuration {
  const load = useCallback(
    (signal: AbortSignal) => schemaOf(client, "config_schema", { signal, configHash: "" }),
    [client],
  );
  const published = about.operations.includes("config_schema");
  const schema = useResource<unknown>(published ? load : null);
  const models = useMemo(() => configurationModels(schema.value), [schema.value]);
  const first = useMemo(
    () => partsOf((draft as JsonObject | undefined) ?? about.config),
    [draft, about],
  );
  const fields = useParts(models.fields, first.fields);
  const settings = useParts(models.settings, first.settings);
  const [thread, setThread] = useThread(client, about, first.thread);
  return useMemo(() => {
    // Before the schema is there, what the link or the draft says counts as it is.
    const setFields = fields === null ? first.fields : changedParts(fields.model, fields.value);
    const setSettings =
      settings === null ? first.settings : changedParts(settings.model, settings.value);
    const isSecret = fields !== null && holdsSecrets(fields.model.field, fields.value);
    const open =
      fields === null || !isSecret
        ? setFields
        : changedParts(fields.model, withoutSecrets(fields.model.field, fields.value));
    return {
      schema,
      fields,
      settings,
      changed: Object.keys(setFields).length + Object.keys(setSettings).length,
      thread,
      setThread,
      config: configOf(setFields, setSettings, thread),
      shareable: configOf(open, setSettings, null),
      hasSecrets: isSecret,
      reset: () => {
        fields?.reset();
        settings?.reset();
      },
    };
  }, [schema, fields, settings, first, thread, setThread]);
}

/** The thread of this tab; another tab has its own, so that they do not write into one. */
function useThread(
  client: RunnableClient,
  about: About,
  shared: string | null,
): [string | null, (thread: string) => void] {
  const name = `${client.addresses.runnable("").pathname} thread`;
  const [kept] = useState(() => new Drafts(name, () => [sessionStorage, sessionStorage]));
  const [thread, setThread] = useState(() => {
    const before = kept.read()?.input;
    return typeof before === "string" ? before : (shared ?? newId());
  });
  useEffect(() => {
    if (about.threads) kept.write({ input: thread });
  }, [about.threads, kept, thread]);
  return [about.threads ? thread : null, setThread];
}

/** A part of the configuration as a form; null as long as there is nothing to fill in. */
function useParts(model: FormState["model"] | null, first: JsonObject): FormState | null {
  const known = model ?? ANYTHING;
  const [seen, setSeen] = useState(model);
  const form = useForm(known, model === null ? null : { json: withDefaults(model, first) });
  // Only now is it known which fields there are to hold what the link or the draft says.
  if (seen === null && model !== null) {
    setSeen(model);
    form.fill(withDefaults(model, first));
  }
  return useMemo(() => (model === null ? null : form), [model, form]);
}

/** The input as a form; what was kept goes in as soon as the form is known. */
function useInput(
  model: FormState["model"],
  loading: boolean,
  first: KeptForm | undefined,
): FormState {
  const form = useForm(model, first ?? null);
  const [waits, setWaits] = useState(loading && first !== undefined);
  if (waits && !loading) {
    setWaits(false);
    if (first !== undefined) form.restore(first);
  }
  return form;
}

/** The hash under which the schema of the input is asked for. */
function schemaHash(about: About, config: JsonObject): string {
  if (!about.config_hashes || !about.configurable) return "";
  const hash = configHash(config);
  return hash.length > LONGEST_HASH ? "" : hash;
}

/** A value as it is once it has stopped changing. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLES_AFTER_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function useDraft(
  drafts: Drafts,
  {
    input,
    configuration,
    method,
  }: Pick<Playground, "input" | "method"> & {
    configuration: Configuration;
  },
  tell: (kept: boolean) => void,
): void {
  const told = useRef(tell);
  told.current = tell;
  const { model, value, untouched } = input;
  const { shareable } = configuration;
  useEffect(() => {
    if (model === ANYTHING && untouched) return; // The form is not there yet.
    const keep = () => {
      forget();
      const open = withoutSecrets(model.field, value);
      const draft = {
        input: { value: open, json: toInput(model, open) },
        config: shareable,
        method,
      };
      told.current(drafts.write(draft));
    };
    const timer = setTimeout(keep, DRAFT_AFTER_MS);
    addEventListener("pagehide", keep); // A page that is left at once keeps its draft too.
    const forget = () => {
      clearTimeout(timer);
      removeEventListener("pagehide", keep);
    };
    return forget;
  }, [drafts, model, value, untouched, shareable, method]);
}

function refusalOf(failure: Failure, input: FormState, config: FormState | null) {
  const body = { detail: failure.fieldErrors };
  const ofInput = fieldErrorsOf422(input.model, body, "input");
  const [first] = failure.fieldErrors;
  if (first?.loc[0] === "configurable" && config !== null) {
    const inner = failure.fieldErrors.map((error) => ({ ...error, loc: error.loc.slice(1) }));
    return {
      input: NONE,
      config: fieldErrorsOf422(config.model, { detail: inner }, "config").fields,
    };
  }
  return { input: ofInput.fields, config: NONE };
}
