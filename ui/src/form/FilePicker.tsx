import { Upload } from "lucide-react";
import { useState } from "react";
import { classes } from "../design";
import { useForm } from "./context";
import { type ReadFile, readFile, sizeText } from "./files";
import { strings } from "./strings";

export interface FilePickerProps {
  /** The name of the control, where no field names it. */
  label?: string | undefined;
  id?: string | undefined;
  described?: string | undefined;
  invalid?: true | undefined;
  /** What is written on it. */
  children: React.ReactNode;
  accept?: string | undefined;
  onFile: (file: ReadFile) => void;
}

/** A place to choose a file or to drop one. */
export function FilePicker(props: FilePickerProps) {
  const { fileLimit, disabled } = useForm();
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const take = async (file: File | undefined) => {
    if (file === undefined || disabled) return;
    if (file.size > fileLimit) {
      setProblem(strings.file.tooLarge(file.name, sizeText(file.size), sizeText(fileLimit)));
      return;
    }
    try {
      const read = await readFile(file);
      setProblem(null);
      props.onFile(read);
    } catch {
      setProblem(strings.file.unreadable(file.name));
    }
  };
  return (
    <div className="flex flex-col gap-1">
      <label
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          event.stopPropagation();
          setOver(false);
          void take(event.dataTransfer.files[0]);
        }}
        className={classes(
          "flex min-h-8 cursor-pointer flex-wrap items-center gap-2 rounded-md border border-dashed px-2 py-1 text-sm",
          "focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-accent",
          over ? "border-accent bg-accent-soft" : "bg-surface",
          !over && (props.invalid ? "border-danger" : "border-line-strong"),
        )}
      >
        <Upload aria-hidden size={14} className="shrink-0" />
        <span>{props.children}</span>
        <span className="text-xs text-ink-muted">{strings.file.limit(sizeText(fileLimit))}</span>
        <input
          type="file"
          id={props.id}
          aria-label={props.label}
          aria-describedby={props.described}
          aria-invalid={props.invalid}
          accept={props.accept}
          disabled={disabled}
          className="sr-only"
          onChange={(event) => {
            void take(event.target.files?.[0]);
            event.target.value = "";
          }}
        />
      </label>
      {problem !== null && (
        <p role="alert" className="text-xs text-danger">
          {problem}
        </p>
      )}
    </div>
  );
}
