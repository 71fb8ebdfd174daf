import { X } from "lucide-react";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
} from "react";
import { IconButton } from "./Button";
import { classes } from "./classes";
import { strings } from "./strings";
import type { Tone } from "./surfaces";

const SHOWN_FOR_MS = 6_000;
const MOST = 3;

interface Toast {
  id: number;
  message: string;
  tone: Tone;
}

/** Show a short message for a while. */
export type ShowToast = (message: string, tone?: Tone) => void;

const Context = createContext<ShowToast | null>(null);

/** The function that shows a short message. */
export function useToast(): ShowToast {
  const show = useContext(Context);
  if (show === null) throw new Error("there is no ToastProvider around this component");
  return show;
}

/** Shows the messages of all that is inside it, and reads them to screen readers. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const next = useRef(0);
  const show = useCallback<ShowToast>((message, tone = "neutral") => {
    const id = next.current++;
    setToasts((shown) => [...shown.slice(1 - MOST), { id, message, tone }]);
  }, []);
  const close = useCallback((id: number) => {
    setToasts((shown) => shown.filter((toast) => toast.id !== id));
  }, []);
  return (
    <Context value={show}>
      {children}
      <div
        role="status"
        aria-live="polite" // Said, or else an open dialog would hide it from screen readers.
        aria-label={strings.message}
        className="pointer-events-none fixed right-3 bottom-3 z-50 flex w-80 max-w-[calc(100vw-1.5rem)] flex-col gap-2"
      >
        {toasts.map((toast) => (
          <ToastCard key={toast.id} toast={toast} close={close} />
        ))}
      </div>
    </Context>
  );
}

function ToastCard({ toast, close }: { toast: Toast; close: (id: number) => void }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => close(toast.id), SHOWN_FOR_MS);
    return () => clearTimeout(timer);
  }, [toast.id, close, held]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pausing on hover is no action; focus pauses too
    <div
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className={classes(
        "pointer-events-auto flex items-start gap-2 rounded-md border bg-surface px-3 py-2 shadow-raised",
        toast.tone === "danger" ? "border-danger" : "border-line-strong",
      )}
    >
      <p className="grow py-0.5">{toast.message}</p>
      <IconButton
        size="sm"
        label={strings.close}
        icon={<X aria-hidden size={14} />}
        onClick={() => close(toast.id)}
      />
    </div>
  );
}
