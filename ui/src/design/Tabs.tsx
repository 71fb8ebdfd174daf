import { Tabs as Parts } from "radix-ui";
import type { ReactNode } from "react";

export interface Tab<Value extends string> {
  value: Value;
  label: ReactNode;
  content: ReactNode;
  disabled?: boolean | undefined;
  /** Keeps the panel's state while another tab is shown. */
  keepMounted?: boolean | undefined;
}

export interface TabsProps<Value extends string> {
  /** The name of the list of tabs; not shown. */
  label: string;
  tabs: readonly Tab<Value>[];
  value: Value;
  onValueChange: (value: Value) => void;
}

export function Tabs<Value extends string>({
  label,
  tabs,
  value,
  onValueChange,
}: TabsProps<Value>) {
  return (
    <Parts.Root value={value} onValueChange={(chosen) => onValueChange(chosen as Value)}>
      <Parts.List aria-label={label} className="flex flex-wrap gap-1 border-b border-line">
        {tabs.map((tab) => (
          <Parts.Trigger
            key={tab.value}
            value={tab.value}
            disabled={tab.disabled ?? false}
            className={
              "-mb-px min-h-8 border-b-2 border-transparent px-3 text-ink-muted hover:text-ink " +
              "data-[state=active]:border-accent data-[state=active]:font-medium " +
              "data-[state=active]:text-ink disabled:opacity-55"
            }
          >
            {tab.label}
          </Parts.Trigger>
        ))}
      </Parts.List>
      {tabs.map((tab) => (
        <Parts.Content
          key={tab.value}
          value={tab.value}
          {...(tab.keepMounted ? { forceMount: true as const } : {})}
          className="pt-3 data-[state=inactive]:hidden"
        >
          {tab.content}
        </Parts.Content>
      ))}
    </Parts.Root>
  );
}
