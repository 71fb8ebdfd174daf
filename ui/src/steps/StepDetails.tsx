import { isRecord } from "../api";
import { CodeBlock, Disclosure, JsonTree } from "../design";
import { Output } from "../output/Output";
import { idleOf } from "./rows";
import { strings } from "./strings";
import { duration } from "./time";
import type { Step } from "./tree";

export interface StepDetailsProps {
  step: Step;
  steps: readonly Step[];
  /** The start of the first step, and the present, on the clock of the steps. */
  origin: number;
  now: number;
}

/** What went into a step, what came out of it, and what it took. */
export function StepDetails({ step, steps, origin, now }: StepDetailsProps) {
  const input = inputOf(step);
  return (
    <section
      aria-label={strings.details(step.name)}
      className="flex min-w-0 flex-col gap-3 rounded-lg border border-line bg-surface p-3"
    >
      <h3 className="font-semibold">{step.name}</h3>
      <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-0.5 text-xs">
        {factsOf(step, steps, origin, now).map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink-muted">{name}</dt>
            <dd className="tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      {step.error !== null && <CodeBlock wrap label={strings.error} text={step.error} />}
      {input !== undefined && (
        <Disclosure summary={strings.input}>
          <Output value={input} />
        </Disclosure>
      )}
      <Disclosure defaultOpen summary={strings.output}>
        {step.output === undefined ? (
          <p className="text-ink-muted">{strings.noOutput}</p>
        ) : (
          <Output value={step.output} />
        )}
      </Disclosure>
      {Object.keys(step.metadata).length > 0 && (
        <Disclosure summary={strings.metadata}>
          <JsonTree label={strings.metadata} value={step.metadata} />
        </Disclosure>
      )}
    </section>
  );
}

function factsOf(step: Step, steps: readonly Step[], origin: number, now: number) {
  const idle = idleOf(step, steps, now);
  const { tokensIn, tokensOut, tags } = step;
  const facts: [string, string | null][] = [
    [strings.state, `${strings.kinds[step.kind]}, ${strings.states[step.state]}`],
    [strings.start, duration(step.start - origin)],
    [strings.duration, duration((step.end ?? now) - step.start)],
    [strings.idle, idle === null ? null : duration(idle)],
    [
      strings.tokens,
      tokensIn === null && tokensOut === null
        ? null
        : strings.tokensInOut(tokensIn ?? 0, tokensOut ?? 0),
    ],
    [strings.tags, tags.length === 0 ? null : tags.join(", ")],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

/** A model is given a list of lists, of which there is one. */
function inputOf({ kind, input }: Step): unknown {
  if (kind !== "model" || !isRecord(input) || !Array.isArray(input.messages)) return input;
  const [messages] = input.messages;
  return input.messages.length === 1 && Array.isArray(messages) ? messages : input;
}
