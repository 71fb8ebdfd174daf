import { LoaderCircle } from "lucide-react";

/** A turning circle. With a label it is announced; without it is decoration. */
export function Spinner({ label, size = 16 }: { label?: string; size?: number }) {
  const circle = <LoaderCircle aria-hidden size={size} className="animate-spin shrink-0" />;
  if (label === undefined) return circle;
  return (
    <span role="status" className="inline-flex items-center gap-2 text-ink-muted">
      {circle}
      {label}
    </span>
  );
}
