import { lazy, type ReactElement, type ReactNode, useState } from "react";
import { FirstUse, Loading } from "./loading";

const load = () => import("./PopoverLoaded");
const Loaded = lazy(load);

export interface PopoverProps {
  trigger: ReactElement;
  /** The name of what opens. */
  label: string;
  children: ReactNode;
  open?: boolean | undefined;
  onOpenChange?: ((open: boolean) => void) | undefined;
  align?: "start" | "center" | "end" | undefined;
}

/** Something small beside the control that opens it. Its code is loaded when it is first used. */
export function Popover(props: PopoverProps) {
  const [used, setUsed] = useState(false);
  const use = () => {
    setUsed(true);
    props.onOpenChange?.(true);
  };
  const closed = <FirstUse popup="dialog" trigger={props.trigger} load={load} onUse={use} />;
  if (!used && props.open !== true) return closed;
  return (
    <Loading fallback={closed}>
      <Loaded {...props} />
    </Loading>
  );
}
