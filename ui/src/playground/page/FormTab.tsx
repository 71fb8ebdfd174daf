import { useRef } from "react";
import { ConfigurationPanel } from "./ConfigurationPanel";
import { Columns } from "./Divider";
import { InputPanel } from "./InputPanel";
import { OutputPanel } from "./OutputPanel";
import { RunBar } from "./RunBar";
import type { Playground } from "./usePlayground";

/** The input and the configuration on one side, what comes of them on the other. */
export function FormTab({ playground }: { playground: Playground }) {
  const form = useRef<HTMLDivElement>(null);
  return (
    <Columns
      left={
        // biome-ignore lint/a11y/noStaticElementInteractions: a key for what the Run button does
        <div
          ref={form}
          className="flex flex-col gap-3"
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              playground.start();
            }
          }}
        >
          <InputPanel playground={playground} />
          <ConfigurationPanel playground={playground} />
          <RunBar playground={playground} />
        </div>
      }
      right={<OutputPanel playground={playground} />}
    />
  );
}
