import { lazy } from "react";
import { TextArea } from "./inputs";
import { Loading } from "./loading";

export interface JsonEditorProps {
  value: string;
  onValueChange: (value: string) => void;
  /** The name of the editor, where no Field names it. */
  label?: string | undefined;
  id?: string | undefined;
  "aria-describedby"?: string | undefined;
  "aria-invalid"?: true | undefined;
  "aria-required"?: true | undefined;
  readOnly?: boolean | undefined;
}

const Loaded = lazy(() => import("./JsonEditorLoaded"));

/**
 * An editor for JSON text. It loads when it is first shown; until then, and where it cannot be
 * loaded, a plain text field does the same.
 */
export function JsonEditor(props: JsonEditorProps) {
  const plain = <PlainEditor {...props} />;
  return (
    <Loading fallback={plain}>
      <Loaded {...props} />
    </Loading>
  );
}

function PlainEditor({ label, onValueChange, ...rest }: JsonEditorProps) {
  return (
    <TextArea
      {...rest}
      mono
      grow
      rows={6}
      dir="ltr"
      spellCheck={false}
      aria-label={label}
      onChange={(event) => onValueChange(event.target.value)}
    />
  );
}
