import { lazy, type ReactElement, type ReactNode, useState } from "react";
import { FirstUse, Loading } from "./loading";

const load = () => import("./MenuLoaded");
const Loaded = lazy(load);

export interface MenuItem {
  label: string;
  onSelect: () => void;
  icon?: ReactNode | undefined;
  danger?: boolean | undefined;
  disabled?: boolean | undefined;
}

export interface MenuProps {
  trigger: ReactElement;
  items: readonly (MenuItem | "separator")[];
  align?: "start" | "end" | undefined;
}

/** A menu of actions below the control that opens it. Its code is loaded when it is first used. */
export function Menu(props: MenuProps) {
  const [used, setUsed] = useState(false);
  const closed = (
    <FirstUse popup="menu" trigger={props.trigger} load={load} onUse={() => setUsed(true)} />
  );
  if (!used) return closed;
  return (
    <Loading fallback={closed}>
      <Loaded {...props} />
    </Loading>
  );
}
