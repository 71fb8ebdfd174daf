import { CircleAlert } from "lucide-react";

/** What is wrong with a part of the form. */
export function Complaint({ id, children }: { id: string; children: string }) {
  return (
    <p id={id} className="flex items-start gap-1 text-xs text-danger">
      <CircleAlert aria-hidden size={14} className="mt-px shrink-0" />
      <span>{children}</span>
    </p>
  );
}
