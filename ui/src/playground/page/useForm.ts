import { useCallback, useMemo, useState } from "react";
import {
  equal,
  type FormModel,
  initialValue,
  isValue,
  type Json,
  reconcile,
  takeApart,
  toInput,
  type Value,
} from "../../schema";

/** What a form holds, with what is sent for it. */
export interface FormState {
  model: FormModel;
  value: Value;
  json: Json | undefined;
  /** Whether it is as it was at first. */
  untouched: boolean;
  change: (value: Value) => void;
  /** Put JSON into the form in place of what it holds. */
  fill: (json: unknown) => void;
  /** Put back what was kept, as it was typed. */
  restore: (kept: KeptForm) => void;
  reset: () => void;
}

/** A form's value as it is kept: as it was typed, and as it is sent. */
export interface KeptForm {
  value?: unknown;
  json?: unknown;
}

interface Held {
  model: FormModel;
  value: Value;
}

/**
 * The state of one form. When the model changes, what was filled in is carried over.
 *
 * @param first What it starts with in place of its defaults.
 */
export function useForm(model: FormModel, first: KeptForm | null): FormState {
  const [held, setHeld] = useState<Held>(() => ({ model, value: startingValue(model, first) }));
  let current = held;
  if (held.model !== model) {
    current = { model, value: reconcile(held.model, model, held.value) };
    setHeld(current);
  }
  const { value } = current;
  const change = useCallback((to: Value) => setHeld({ model, value: to }), [model]);
  const fill = useCallback(
    (json: unknown) => setHeld({ model, value: takeApart(json as Json, model) }),
    [model],
  );
  const restore = useCallback(
    (kept: KeptForm) => setHeld({ model, value: startingValue(model, kept) }),
    [model],
  );
  const reset = useCallback(() => setHeld({ model, value: initialValue(model) }), [model]);
  const json = useMemo(() => toInput(model, value), [model, value]);
  const untouched = useMemo(() => equal(value, initialValue(model)), [model, value]);
  return useMemo(
    () => ({ model, value, json, untouched, change, fill, restore, reset }),
    [model, value, json, untouched, change, fill, restore, reset],
  );
}

/** What was kept fits if it still says the same; a schema may have changed meanwhile. */
function startingValue(model: FormModel, first: KeptForm | null): Value {
  if (first === null) return initialValue(model);
  const { value, json } = first;
  if (isValue(value) && equal(toInput(model, value), json)) return value;
  return json === undefined ? initialValue(model) : takeApart(json as Json, model);
}
