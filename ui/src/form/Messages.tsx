import { Field, Select, TextInput } from "../design";
import {
  emptyMessage,
  isObject,
  type Json,
  type JsonObject,
  type MessagesField,
  type Path,
  roleOf,
} from "../schema";
import { errorBelow, fieldId, useForm } from "./context";
import type { FieldProps } from "./FieldView";
import { JsonPart } from "./JsonPart";
import { Rows } from "./lists";
import { type ContentNames, MessageContent } from "./MessageContent";
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
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears when it is left
    <div
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
      <MessageContent
        id={id}
        names={namesOf(number)}
        content={message.content ?? ""}
        onContent={(content) => onMessage({ ...message, content })}
        attaches={role === "human" || role === "tool"}
        error={error}
      />
      <Extras message={message} role={role} onMessage={onMessage} />
    </div>
  );
}

function namesOf(number: number): ContentNames {
  return {
    whole: says.message(number),
    text: says.text(number),
    attach: says.attachTo(number),
    part: (place) => says.part(place, number),
  };
}

function withRole(message: JsonObject, role: string): JsonObject {
  const { role: _role, ...rest } = message;
  const named = role === "chat" ? { role: "" } : {};
  return { ...rest, type: role, ...named };
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
