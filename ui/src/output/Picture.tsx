import { ImageOff } from "lucide-react";
import { useState } from "react";
import { buttonClasses } from "../design";
import { isImageData, linkOf } from "./links";
import { strings } from "./strings";

/**
 * An image that is in the data already; one that lies elsewhere is a link, since to load it would
 * tell its host who reads what, and the policy of these pages forbids it.
 */
export function Picture({ address, label }: { address: string; label: string }) {
  const [isBroken, setBroken] = useState(false);
  if (isImageData(address) && !isBroken) {
    return (
      <img
        src={address}
        alt={label || strings.image}
        onError={() => setBroken(true)}
        className="max-h-96 max-w-full rounded border border-line object-contain"
      />
    );
  }
  const link = linkOf(address);
  if (link === null || link.protocol === "mailto:") return <Missing label={label} />;
  return (
    <a
      href={link.href}
      target="_blank"
      rel="noopener noreferrer nofollow"
      className={buttonClasses({ size: "sm" })}
    >
      <ImageOff aria-hidden size={14} />
      {strings.blockedImage(link.host)}
      {label !== "" && `: ${label}`}
    </a>
  );
}

function Missing({ label }: { label: string }) {
  return (
    <span className="inline-flex items-center gap-1 text-ink-muted">
      <ImageOff aria-hidden size={14} />
      {label || strings.brokenImage}
    </span>
  );
}
