import { lazy, type ReactElement, type ReactNode, useState } from "react";
import { FirstUse, Loading } from "./loading";

const load = () => import("./DialogLoaded");
const Loaded = lazy(load);

export interface DialogProps {
  title: string;
  description?: ReactNode | undefined;
  children: ReactNode;
  /** Buttons at the end. */
  footer?: ReactNode | undefined;
  /** The control that opens the dialog; without one, use `open`. */
  trigger?: ReactElement | undefined;
  open?: boolean | undefined;
  onOpenChange?: ((open: boolean) => void) | undefined;
  size?: "sm" | "md" | "lg" | undefined;
}

/**
 * A modal dialog: it takes the focus, gives it back, and closes on Escape. Its code is loaded when
 * it first opens.
 */
export function Dialog(props: DialogProps) {
  const [used, setUsed] = useState(props.open === true);
  if (props.open === true && !used) setUsed(true);
  const use = () => {
    setUsed(true);
    props.onOpenChange?.(true);
  };
  const closed =
    props.trigger === undefined ? null : (
      <FirstUse popup="dialog" trigger={props.trigger} load={load} onUse={use} />
    );
  if (!used) return closed;
  return (
    <Loading fallback={closed}>
      <Loaded {...props} />
    </Loading>
  );
}
