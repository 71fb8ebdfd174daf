import { createContext, useContext } from "react";
import { type FieldErrors, type Path, pointer } from "../schema";

export const TEN_MIB = 10 * 2 ** 20;

export interface FormState {
  /** What every id of the form starts with. */
  prefix: string;
  /** The complaints that are to be seen. */
  errors: FieldErrors;
  disabled: boolean;
  /** The largest file that may be put into the form, in bytes. */
  fileLimit: number;
  /** Tell that the user has been in a field, so that complaints about it may be shown. */
  touch: (path: Path) => void;
  /** Tell that pasted JSON was taken apart, so that it can be undone. */
  pasted: () => void;
}

export const FormContext = createContext<FormState>({
  prefix: "form",
  errors: new Map(),
  disabled: false,
  fileLimit: TEN_MIB,
  touch: () => undefined,
  pasted: () => undefined,
});

export function useForm(): FormState {
  return useContext(FormContext);
}

/** The id of the control of a field; the same for as long as the field is there. */
export function fieldId(prefix: string, path: Path): string {
  return `${prefix}${pointer(path).replaceAll(/[^\w/-]/g, (sign) => `.${sign.charCodeAt(0)}.`) || "/"}`;
}

export function errorOf(errors: FieldErrors, path: Path): string | undefined {
  return errors.get(pointer(path));
}

/** The complaint about a part or anything in it. */
export function errorBelow(errors: FieldErrors, path: Path): string | undefined {
  const place = pointer(path);
  for (const [where, message] of errors) {
    if (where === place || where.startsWith(`${place}/`)) return message;
  }
  return undefined;
}
