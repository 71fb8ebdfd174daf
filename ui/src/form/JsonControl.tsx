import { Button, JsonEditor } from "../design";
import { parsed, pretty, toJson, UNSET } from "../schema";
import { useForm } from "./context";
import { type ControlProps, fieldsOf } from "./FieldView";
import { strings } from "./strings";

/** A field that is written as JSON. */
export function JsonControl({ field, value, control, onChange }: ControlProps) {
  const { disabled } = useForm();
  const json = value.is === "raw" ? undefined : toJson(field, value);
  const text = value.is === "raw" ? value.text : json === undefined ? "" : pretty(json);
  const isJson = text.trim() === "" || parsed(text) !== undefined;
  const type = (typed: string) => onChange(typed === "" ? UNSET : { is: "raw", text: typed });
  return (
    <div data-json className="flex flex-col gap-1">
      <JsonEditor
        {...control}
        label={field.title}
        value={text}
        readOnly={disabled}
        onValueChange={type}
      />
      {!isJson && field.kind === "json" && field.only === undefined && (
        <Button size="sm" className="self-start" onClick={() => type(JSON.stringify(text))}>
          {strings.asText}
        </Button>
      )}
      {isJson && field.kind !== "json" && fieldsOf(text, field) === null && (
        <p className="text-xs text-ink-muted">{strings.doesNotFit}</p>
      )}
    </div>
  );
}
