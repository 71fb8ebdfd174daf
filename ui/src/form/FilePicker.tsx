import { Upload } from "lucide-react";
import { type RefObject, useEffect, useEffectEvent, useState } from "react";
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
  /** Takes several files, and not only the first of them. */
  multiple?: boolean | undefined;
  /** Where images can be pasted. */
  pasteIn?: RefObject<HTMLElement | null> | undefined;
  onFiles: (files: ReadFile[]) => void;
}

/** A place to choose files or to drop them. */
export function FilePicker(props: FilePickerProps) {
  const { fileLimit, disabled } = useForm();
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const take = async (given: Iterable<File>) => {
    const files = [...given].slice(0, props.multiple ? undefined : 1);
    if (files.length === 0 || disabled) return;
    const large = files.find((file) => file.size > fileLimit);
    if (large !== undefined) {
      setProblem(strings.file.tooLarge(large.name, sizeText(large.size), sizeText(fileLimit)));
      return;
    }
    try {
      const read = await Promise.all(files.map(readFile));
      setProblem(null);
      props.onFiles(read);
    } catch {
      setProblem(strings.file.unreadable(files.map(({ name }) => name).join(", ")));
    }
  };
  const paste = useEffectEvent((event: ClipboardEvent) => {
    const images = imagesIn(event.clipboardData);
    if (images.length === 0 || disabled) return;
    event.preventDefault();
    void take(images);
  });
  const { pasteIn } = props;
  useEffect(() => {
    const element = pasteIn?.current;
    const listener = (event: ClipboardEvent) => paste(event);
    element?.addEventListener("paste", listener);
    return () => element?.removeEventListener("paste", listener);
  }, [pasteIn]);
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
          void take(event.dataTransfer.files);
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
          multiple={props.multiple}
          id={props.id}
          aria-label={props.label}
          aria-describedby={props.described}
          aria-invalid={props.invalid}
          accept={props.accept}
          disabled={disabled}
          className="sr-only"
          onChange={(event) => {
            void take([...(event.target.files ?? [])]);
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

/** The images on the clipboard. What has a text too is a text: programs add a picture of it. */
function imagesIn(clipboard: DataTransfer | null): File[] {
  if (clipboard === null || clipboard.getData("text/plain") !== "") return [];
  return [...clipboard.files].filter(({ type }) => type.startsWith("image/"));
}
