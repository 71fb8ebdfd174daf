import { useRef, useState } from "react";
import { Button, Disclosure } from "../design";
import { type ObjectField, type Property, partOf, type Value, withKey } from "../schema";
import { errorBelow, useForm } from "./context";
import { type FieldProps, FieldView } from "./FieldView";
import { strings } from "./strings";

/** The fields of an object: what is required or has a default in sight, the rest behind a fold. */
export function ObjectControl({ field, value, path, onChange }: FieldProps<ObjectField>) {
  const held = value.is === "object" ? value : { is: "object" as const, fields: {}, rest: {} };
  const { seen, folded } = shown(field);
  const rest = Object.keys(held.rest);
  const setterOf = useSetters((name, part) =>
    onChange({ ...held, fields: withKey(held.fields, name, part) }),
  );
  const view = (property: Property) => (
    <FieldView
      key={property.name}
      field={property.field}
      value={partOf(held.fields, property)}
      path={[...path, property.name]}
      required={property.required}
      onChange={setterOf(property.name)}
    />
  );
  return (
    <>
      {seen.map(view)}
      {folded.length > 0 && (
        <Folded path={path} properties={folded} fields={held.fields}>
          {folded.map(view)}
        </Folded>
      )}
      {rest.length > 0 && (
        <p className="flex flex-wrap items-center gap-2 text-xs text-ink-muted">
          <span>{strings.alsoSent(rest.join(", "))}</span>
          <Button size="sm" onClick={() => onChange({ ...held, rest: {} })}>
            {strings.drop}
          </Button>
        </p>
      )}
    </>
  );
}

type Set = (name: string, part: Value) => void;

/** For each name a function that stays the same, so that only the field that changed is drawn again. */
function useSetters(set: Set): (name: string) => (part: Value) => void {
  const latest = useRef(set);
  latest.current = set;
  const made = useRef(new Map<string, (part: Value) => void>());
  return (name) => {
    const known = made.current.get(name);
    if (known !== undefined) return known;
    const setter = (part: Value) => latest.current(name, part);
    made.current.set(name, setter);
    return setter;
  };
}

interface FoldedProps {
  path: FieldProps["path"];
  properties: readonly Property[];
  fields: Record<string, Value>;
  children: React.ReactNode;
}

function Folded({ path, properties, fields, children }: FoldedProps) {
  const { errors } = useForm();
  const set = properties.filter((property) => partOf(fields, property).is !== "unset").length;
  const [chosen, choose] = useState<boolean | null>(null);
  const isWrong = properties.some(({ name }) => errorBelow(errors, [...path, name]) !== undefined);
  return (
    <Disclosure
      open={(chosen ?? set > 0) || isWrong}
      onOpenChange={choose}
      summary={
        <span className="text-ink-muted">
          {strings.optionalFields(properties.length)}
          {set > 0 && `, ${strings.changed(set)}`}
        </span>
      }
    >
      <div className="flex flex-col gap-3 pt-2">{children}</div>
    </Disclosure>
  );
}

/** A form of nothing but a few optional fields shows them all. */
const FEW = 8;

function shown(field: ObjectField): { seen: readonly Property[]; folded: readonly Property[] } {
  const visible = field.properties().filter((property) => property.field.kind !== "const");
  const isMain = (property: Property) => property.required || property.field.default !== undefined;
  const seen = visible.filter(isMain);
  if (seen.length === 0 && visible.length <= FEW) return { seen: visible, folded: [] };
  return { seen, folded: visible.filter((property) => !isMain(property)) };
}
