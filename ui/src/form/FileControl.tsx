import { X } from "lucide-react";
import { useState } from "react";
import { IconButton, TextArea } from "../design";
import { type FileField, UNSET } from "../schema";
import type { ControlProps } from "./FieldView";
import { FilePicker } from "./FilePicker";
import { base64, dataUrl, decodedSize, imageType, type ReadFile, sizeText, utf8 } from "./files";
import { textIn, textValue } from "./simple";
import { strings } from "./strings";

/** A field that holds the content of a file, as text or as base64. */
export function FileControl({ field, value, control, onChange }: ControlProps<FileField>) {
  const [name, setName] = useState<string | null>(null);
  const [note, setNote] = useState<string | null>(null);
  const text = textIn(value);
  const take = (file: ReadFile) => {
    const plain = field.encoding === "text" ? utf8(file.bytes) : null;
    setName(file.name);
    setNote(field.encoding === "text" && plain === null ? strings.file.notText(file.name) : null);
    onChange({ is: "plain", json: plain ?? base64(file.bytes, field.encoding === "base64url") });
  };
  const isText = field.encoding === "text" && imageType(text) === undefined;
  return (
    <div className="flex flex-col gap-2">
      <FilePicker
        id={control.id}
        label={field.title}
        described={control["aria-describedby"]}
        invalid={control["aria-invalid"]}
        onFiles={([file]) => file && take(file)}
      >
        {name ?? strings.file.choose}
      </FilePicker>
      {text !== "" && !isText && (
        <Held
          text={text}
          name={name ?? strings.file.attached}
          onClear={() => {
            setName(null);
            setNote(null);
            onChange(UNSET);
          }}
        />
      )}
      {isText && (
        <TextArea
          grow
          aria-label={`${field.title}: ${strings.file.orText}`}
          placeholder={strings.file.orText}
          value={text}
          onChange={(event) => onChange(textValue(event.target.value))}
        />
      )}
      {note !== null && <p className="text-xs text-ink-muted">{note}</p>}
    </div>
  );
}

export interface HeldProps {
  text: string;
  name: string;
  type?: string | undefined;
  onClear: () => void;
}

/** What base64 text holds: its size and, of an image, the image. */
export function Held({ text, name, type = imageType(text), onClear }: HeldProps) {
  return (
    <div className="flex flex-wrap items-center gap-2 text-xs text-ink-muted">
      {type?.startsWith("image/") && (
        <img
          src={dataUrl(text, type)}
          alt={strings.file.preview(name)}
          className="max-h-24 max-w-40 rounded border border-line object-contain"
        />
      )}
      <span>{strings.file.holds(sizeText(decodedSize(text)))}</span>
      <IconButton
        size="sm"
        label={strings.file.clear}
        icon={<X aria-hidden size={14} />}
        onClick={onClear}
      />
    </div>
  );
}
