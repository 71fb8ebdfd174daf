import { useRef, useState } from "react";
import { Field, JsonEditor, Select, TextArea, TextInput } from "../design";
import {
  emptyMessage,
  inWords,
  isObject,
  type Json,
  type JsonObject,
  type MessagesField,
  type Path,
  parsed,
  pretty,
  roleOf,
} from "../schema";
import { Complaint } from "./Complaint";
import { errorBelow, fieldId, useForm } from "./context";
import type { FieldProps } from "./FieldView";
import { Held } from "./FileControl";
import { FilePicker } from "./FilePicker";
import { base64, type ReadFile } from "./files";
import { Rows } from "./lists";
import { strings } from "./strings";

const says = strings.messages;

/** Chat messages as they are written: a role, a text, images and files. */
export function MessagesControl({ field, value, path, onChange }: FieldProps<MessagesField>) {
  const { prefix, disabled } = useForm();
  const json = value.is === "plain" ? value.json : [];
  const set = (next: Json) => onChange({ is: "plain", json: next });
  if (field.single) {
    const message = asMessage(json);
    return <Message field={field} message={message} number={1} path={path} onMessage={set} />;
  }
  const all = Array.isArray(json) ? json.map(asMessage) : [];
  return (
    <Rows
      title={field.title}
      id={fieldId(prefix, path)}
      items={all}
      nameOf={(index) => says.message(index + 1)}
      onItems={set}
      addLabel={says.add}
      make={() => nextMessage(all, field.roles)}
      disabled={disabled}
      row={(message, index, actions) => (
        <Message
          field={field}
          message={message}
          number={index + 1}
          path={[...path, index]}
          actions={actions}
          onMessage={(next) => set(all.map((old, at) => (at === index ? next : old)))}
        />
      )}
    />
  );
}

function asMessage(json: Json): JsonObject {
  return isObject(json) ? json : { content: "" };
}

/** After what a human said an answer is likely, and the other way round. */
function nextMessage(all: readonly JsonObject[], roles: readonly string[]): JsonObject {
  const last = all.at(-1);
  const next = last !== undefined && roleOf(last) === "human" ? "ai" : "human";
  return { ...emptyMessage(roles), ...(roles.includes(next) ? { type: next } : {}) };
}

interface MessageProps {
  field: MessagesField;
  message: JsonObject;
  number: number;
  path: Path;
  actions?: React.ReactNode | undefined;
  onMessage: (message: JsonObject) => void;
}

function Message({ field, message, number, path, actions, onMessage }: MessageProps) {
  const form = useForm();
  const id = fieldId(form.prefix, path);
  const error = errorBelow(form.errors, path);
  const role = roleOf(message) ?? "human";
  const roles = field.roles.includes(role) ? field.roles : [role, ...field.roles];
  const parts = partsOf(message.content);
  const setParts = (next: readonly Part[]) => onMessage({ ...message, content: contentOf(next) });
  const isMixed = parts.filter(isSent).length > 1;
  const firstText = parts.findIndex(isText);
  const place = useRef<HTMLDivElement>(null);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears when it is left
    <div
      ref={place}
      className="flex flex-col gap-2 rounded-md border border-line p-2"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) form.touch(path);
      }}
    >
      <div className="flex items-center gap-2">
        <Select
          aria-label={says.role(number)}
          className="max-w-40"
          value={role}
          options={roles.map((name) => ({
            value: name,
            label: Object.hasOwn(says.roles, name) ? (says.roles[name] ?? name) : name,
          }))}
          onValueChange={(name) => onMessage(withRole(message, name))}
        />
        <span className="ml-auto flex gap-1">{actions}</span>
      </div>
      <Rows
        title={says.message(number)}
        id={`${id}-parts`}
        items={parts}
        nameOf={(index) => says.part(index + 1, number)}
        onItems={setParts}
        keeps
        disabled={form.disabled}
        row={(part, index, moves) => (
          <div className="flex items-start gap-1">
            <div className="min-w-0 grow">
              <PartView
                id={index === firstText ? `${id}-text` : undefined}
                part={part}
                number={number}
                error={index === firstText ? error : undefined}
                onPart={(next) =>
                  setParts(
                    parts.flatMap((old, at) =>
                      at !== index ? [old] : next === null ? [] : [next],
                    ),
                  )
                }
              />
            </div>
            {isMixed && moves}
          </div>
        )}
      />
      <Extras message={message} role={role} onMessage={onMessage} />
      {!form.disabled && (role === "human" || role === "tool") && (
        <FilePicker
          label={says.attachTo(number)}
          multiple
          pasteIn={place}
          onFiles={(files) => setParts([...parts, ...files.map(attachment)])}
        >
          {says.attach}
        </FilePicker>
      )}
    </div>
  );
}

function withRole(message: JsonObject, role: string): JsonObject {
  const { role: _role, ...rest } = message;
  const named = role === "chat" ? { role: "" } : {};
  return { ...rest, type: role, ...named };
}

type Part = JsonObject;

/** The content of a message as parts. There is always a text, so that one can be written. */
function partsOf(content: Json | undefined): Part[] {
  if (!Array.isArray(content)) {
    return [{ type: "text", text: typeof content === "string" ? content : "" }];
  }
  const parts = content.map(
    (part): Part => (isObject(part) ? part : { type: "text", text: inWords(part) }),
  );
  return parts.some(isText) ? parts : [{ type: "text", text: "" }, ...parts];
}

/** One text alone is sent as text: every model understands that. Many refuse an empty one as a part. */
function contentOf(parts: readonly Part[]): Json {
  const [only, ...more] = parts.filter(isSent);
  if (only === undefined) return "";
  const isPlain = more.length === 0 && isText(only) && Object.keys(only).length === 2;
  return isPlain ? (only.text ?? "") : [only, ...more];
}

function isSent(part: Part): boolean {
  return !isText(part) || part.text !== "";
}

function isText(part: Part): boolean {
  return part.type === "text" && typeof part.text === "string";
}

/** Images as most providers' models take them; other files as LangChain's standard block. */
function attachment(file: ReadFile): Part {
  const data = base64(file.bytes);
  if (file.type.startsWith("image/")) {
    return { type: "image_url", image_url: { url: `data:${file.type};base64,${data}` } };
  }
  const mime = file.type || "application/octet-stream";
  return { type: "file", base64: data, mime_type: mime, filename: file.name };
}

interface PartViewProps {
  part: Part;
  id: string | undefined;
  number: number;
  error: string | undefined;
  onPart: (part: Part | null) => void;
}

function PartView({ part, id, number, error, onPart }: PartViewProps) {
  if (isText(part)) {
    return (
      <div>
        <TextArea
          id={id}
          grow
          aria-label={says.text(number)}
          aria-describedby={error === undefined ? undefined : `${id}-error`}
          invalid={error !== undefined}
          value={inWords(part.text)}
          onChange={(event) => onPart({ ...part, text: event.target.value })}
        />
        {error !== undefined && <Complaint id={`${id}-error`}>{error}</Complaint>}
      </div>
    );
  }
  const held = attached(part);
  if (held !== null) return <Held {...held} onClear={() => onPart(null)} />;
  return <JsonPart label={says.otherPart} json={part} onJson={(json) => onPart(asMessage(json))} />;
}

/** What an attachment holds; null for a part of another kind. */
function attached(part: Part): { text: string; name: string; type: string } | null {
  const image = part.image_url;
  const url =
    typeof image === "object" && image !== null && !Array.isArray(image) ? image.url : image;
  const data = typeof url === "string" ? /^data:([^;,]+);base64,(.*)$/s.exec(url) : null;
  if (data !== null) return { text: data[2] ?? "", name: "image", type: data[1] ?? "" };
  const content = typeof part.base64 === "string" ? part.base64 : part.data;
  if (typeof content !== "string") return null;
  const type = typeof part.mime_type === "string" ? part.mime_type : "application/octet-stream";
  return { text: content, name: typeof part.filename === "string" ? part.filename : type, type };
}

/** What only some messages have. */
function Extras({
  message,
  role,
  onMessage,
}: Pick<MessageProps, "message" | "onMessage"> & { role: string }) {
  const text = (key: string, label: string) => (
    <Field label={label}>
      {(control) => (
        <TextInput
          {...control}
          value={typeof message[key] === "string" ? message[key] : ""}
          onChange={(event) => onMessage({ ...message, [key]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <>
      {role === "tool" && text("tool_call_id", says.toolCallId)}
      {role === "function" && text("name", says.name)}
      {role === "chat" && text("role", says.chatRole)}
      {Array.isArray(message.tool_calls) && message.tool_calls.length > 0 && (
        <JsonPart
          label={says.toolCalls}
          json={message.tool_calls}
          onJson={(json) => onMessage({ ...message, tool_calls: json })}
        />
      )}
    </>
  );
}

/** A piece of a message that is written as JSON; it is taken over whenever it can be read. */
function JsonPart({
  label,
  json,
  onJson,
}: {
  label: string;
  json: Json;
  onJson: (json: Json) => void;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const { disabled } = useForm();
  return (
    <div data-json>
      <JsonEditor
        label={label}
        value={draft ?? pretty(json)}
        readOnly={disabled}
        aria-invalid={draft === null || parsed(draft) !== undefined ? undefined : true}
        onValueChange={(text) => {
          setDraft(text);
          const read = parsed(text);
          if (read !== undefined) onJson(read);
        }}
      />
    </div>
  );
}
