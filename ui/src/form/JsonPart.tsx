import { useState } from "react";
import { JsonEditor } from "../design";
import { type Json, parsed, pretty } from "../schema";
import { useForm } from "./context";

/** A piece of a message that is written as JSON; it is taken over whenever it can be read. */
export function JsonPart({
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
