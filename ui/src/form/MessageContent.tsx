import { useRef } from "react";
import { TextArea, type TextAreaProps } from "../design";
import { inWords, isObject, type Json } from "../schema";
import { Complaint } from "./Complaint";
import { useForm } from "./context";
import { Held } from "./FileControl";
import { FilePicker } from "./FilePicker";
import { JsonPart } from "./JsonPart";
import { Rows } from "./lists";
import { attached, attachment, isText, type Part, useParts } from "./parts";
import { strings } from "./strings";

const says = strings.messages;

/** What the parts of a message are called. */
export interface ContentNames {
  whole: string;
  text: string;
  attach: string;
  part: (place: number) => string;
}

export interface MessageContentProps {
  /** What the ids of its controls start with. */
  id: string;
  names: ContentNames;
  content: Json;
  onContent: (content: Json) => void;
  /** Whether images and files can be attached. */
  attaches: boolean;
  error?: string | undefined;
  /** More about the areas in which texts are written. */
  area?: TextAreaProps | undefined;
}

/** What a message says: texts, images and files, in an order that can be changed. */
export function MessageContent(props: MessageContentProps) {
  const { id, names, content, onContent, attaches, error, area } = props;
  const { disabled } = useForm();
  const [parts, setParts] = useParts(content, onContent);
  const place = useRef<HTMLDivElement>(null);
  const firstText = parts.findIndex(isText);
  return (
    <div ref={place} className="flex flex-col gap-2">
      <Rows
        title={names.whole}
        id={`${id}-parts`}
        items={parts}
        nameOf={(index) => names.part(index + 1)}
        onItems={setParts}
        keeps
        disabled={disabled}
        row={(part, index, moves) => (
          <div className="flex items-start gap-1">
            <div className="min-w-0 grow">
              <PartView
                id={index === firstText ? `${id}-text` : undefined}
                part={part}
                names={names}
                area={area}
                error={index === firstText ? error : undefined}
                onPart={(next) =>
                  setParts(
                    parts.flatMap((old, at) =>
                      at !== index ? [old] : next === null ? [] : [next],
                    ),
                  )
                }
              />
            </div>
            {parts.length > 1 && moves}
          </div>
        )}
      />
      {!disabled && attaches && (
        <FilePicker
          label={names.attach}
          multiple
          pasteIn={place}
          onFiles={(files) => setParts([...parts, ...files.map(attachment)])}
        >
          {says.attach}
        </FilePicker>
      )}
    </div>
  );
}

interface PartViewProps {
  part: Part;
  id: string | undefined;
  names: ContentNames;
  area: TextAreaProps | undefined;
  error: string | undefined;
  onPart: (part: Part | null) => void;
}

function PartView({ part, id, names, area, error, onPart }: PartViewProps) {
  if (isText(part)) {
    return (
      <div>
        <TextArea
          grow
          {...area}
          id={id}
          aria-label={names.text}
          aria-describedby={error === undefined ? area?.["aria-describedby"] : `${id}-error`}
          invalid={error !== undefined}
          value={inWords(part.text)}
          onChange={(event) => onPart({ ...part, text: event.target.value })}
        />
        {error !== undefined && <Complaint id={`${id}-error`}>{error}</Complaint>}
      </div>
    );
  }
  const held = attached(part);
  if (held !== null) return <Held {...held} onClear={() => onPart(null)} />;
  return (
    <JsonPart
      label={says.otherPart}
      json={part}
      onJson={(json) => onPart(isObject(json) ? json : { type: "text", text: inWords(json) })}
    />
  );
}
