import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  Badge,
  Card,
  CodeBlock,
  EmptyState,
  ErrorCard,
  Field,
  LiveRegion,
  Notice,
  Skeleton,
  TextInput,
} from "../../design";
import { SignInForm } from "../../session";
import { type Hosted, type Overview, sessions, useOverview } from "../overview";
import { Page } from "../Shell";
import { strings } from "../strings";
import { RunnableCard } from "./RunnableCard";

const WORTH_FILTERING = 7;

/** What the service hosts: a card for each runnable. */
export function Home() {
  const overview = useOverview();
  const { data, error } = overview;
  return (
    <Page title={strings.home} actions={data && <Facts overview={data} />}>
      {error !== null && error.status !== 401 && (
        <ErrorCard
          title={strings.loadFailed}
          message={error.title === error.detail ? error.title : `${error.title}\n${error.detail}`}
          detail={error.body ?? undefined}
          onRetry={() => void overview.refetch()}
        />
      )}
      {error?.status === 401 && <SignIn />}
      {overview.isPending && <Skeleton label={strings.loading} lines={4} />}
      {data !== undefined && error?.status !== 401 && (
        <Contents overview={data} unknown={error !== null} />
      )}
    </Page>
  );
}

function Facts({ overview }: { overview: Overview }) {
  return (
    <span className="flex flex-wrap items-center gap-2 text-ink-muted">
      <Badge>
        <span className="sr-only">{strings.environment} </span>
        {overview.environment}
      </Badge>
      <span>{overview.version}</span>
      <span>{strings.runnables(overview.runnables.length)}</span>
    </span>
  );
}

function Contents({ overview, unknown }: { overview: Overview; unknown: boolean }) {
  const { runnables, warnings } = overview;
  const wrong = runnables.filter((runnable) => runnable.state.status !== "ready").length;
  return (
    <>
      {warnings.length > 0 && (
        <ul aria-label={strings.warnings} className="flex flex-col gap-2">
          {warnings.map((warning) => (
            <li key={warning}>
              <Notice tone="warning">{warning}</Notice>
            </li>
          ))}
        </ul>
      )}
      <LiveRegion message={strings.states(wrong)} />
      {runnables.length === 0 ? (
        <FirstStart />
      ) : (
        <Runnables runnables={runnables} unknown={unknown} />
      )}
      {runnables.length > 0 && <Counted since={overview.counted_since} />}
    </>
  );
}

function Counted({ since }: { since: string }) {
  return (
    <p className="text-xs text-ink-muted">
      {strings.countedSince}
      <time dateTime={since}>{new Date(since).toLocaleString()}</time>.
    </p>
  );
}

function Runnables({ runnables, unknown }: { runnables: Hosted[]; unknown: boolean }) {
  const [filter, setFilter] = useState("");
  const shown = runnables.filter((runnable) => matches(runnable, filter));
  return (
    <>
      {runnables.length >= WORTH_FILTERING && (
        <Field label={strings.filter} className="max-w-80">
          {(control) => (
            <TextInput
              {...control}
              type="search"
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
            />
          )}
        </Field>
      )}
      <LiveRegion message={filter === "" ? "" : strings.filtered(shown.length, runnables.length)} />
      {shown.length === 0 && <EmptyState title={strings.noMatch} />}
      <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
        {shown.map((runnable) => (
          <li key={runnable.path} className="flex">
            <RunnableCard runnable={runnable} signsIn={sessions !== null} unknown={unknown} />
          </li>
        ))}
      </ul>
    </>
  );
}

function matches({ name, path, description }: Hosted, filter: string): boolean {
  const text = `${name} ${path} ${description ?? ""}`.toLowerCase();
  return text.includes(filter.trim().toLowerCase());
}

function FirstStart() {
  return (
    <Card title={strings.emptyTitle}>
      <div className="flex flex-col gap-3">
        <p className="text-ink-muted">{strings.emptyText}</p>
        <CodeBlock label={strings.emptyExampleLabel} text={strings.emptyExample} />
        <CodeBlock label={strings.emptyCommandLabel} text={strings.emptyCommand} />
      </div>
    </Card>
  );
}

function SignIn() {
  const queries = useQueryClient();
  return (
    <Card title={strings.signIn} className="max-w-md">
      <p className="mb-3 text-ink-muted">{strings.signInText}</p>
      {sessions !== null && (
        <SignInForm session={sessions} onSignedIn={() => void queries.resetQueries()} />
      )}
    </Card>
  );
}
