import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, type ButtonSize, type ButtonVariant, IconButton } from "./Button";
import { copyText } from "./clipboard";
import { strings } from "./strings";
import { useToast } from "./Toast";

const SAID_FOR_MS = 2_000;

export interface CopyButtonProps {
  /** The text, or what makes it when it is asked for. */
  text: string | (() => string);
  /** What is copied, as the name of the button. */
  label?: string | undefined;
  /** Shows the icon alone; the label stays the name. */
  iconOnly?: boolean | undefined;
  size?: ButtonSize | undefined;
  variant?: ButtonVariant | undefined;
}

/** Copies a text, and says whether that worked. */
export function CopyButton(props: CopyButtonProps) {
  const { text, label = strings.copy, iconOnly = false, size = "sm" } = props;
  const { variant = iconOnly ? "ghost" : "secondary" } = props;
  const [copied, setCopied] = useState(false);
  const toast = useToast();
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID_FOR_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const done = await copyText(typeof text === "string" ? text : text());
    setCopied(done);
    toast(done ? strings.copied : strings.copyFailed, done ? "success" : "danger");
  };
  const icon = copied ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />;
  if (iconOnly) {
    return <IconButton size={size} variant={variant} label={label} icon={icon} onClick={copy} />;
  }
  return (
    <Button size={size} variant={variant} icon={icon} onClick={copy}>
      {label}
    </Button>
  );
}
