import { DropdownMenu } from "radix-ui";
import { classes } from "./classes";
import type { MenuProps } from "./Menu";

export default function MenuLoaded({ trigger, items, align = "start" }: MenuProps) {
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          className="z-50 max-h-[60dvh] min-w-40 overflow-y-auto rounded-md border border-line bg-surface p-1 shadow-raised"
        >
          {items.map((item, place) =>
            item === "separator" ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: a separator has nothing but its place
              <DropdownMenu.Separator key={`separator ${place}`} className="my-1 h-px bg-line" />
            ) : (
              <DropdownMenu.Item
                key={item.label}
                disabled={item.disabled ?? false}
                onSelect={item.onSelect}
                className={classes(
                  "flex min-h-8 cursor-pointer items-center gap-2 rounded px-2 outline-none",
                  "data-highlighted:bg-accent-soft data-disabled:cursor-not-allowed data-disabled:opacity-55",
                  item.danger && "text-danger",
                )}
              >
                {item.icon}
                {item.label}
              </DropdownMenu.Item>
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
