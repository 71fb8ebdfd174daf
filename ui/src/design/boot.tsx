import { setNonce } from "get-nonce";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ToastProvider } from "./Toast";
import { watchTheme } from "./theme";
import "./tokens.css";

/** The nonce that the policy of this page allows styles with; empty under the development server. */
export function pageNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
}

/** Start a page: its theme, its nonce, its place for short messages. */
export function boot(page: ReactNode): void {
  const root = document.getElementById("root");
  if (root === null) throw new Error("the page has no element #root");
  const nonce = pageNonce();
  if (nonce !== "") setNonce(nonce); // For the style of Radix's scroll lock.
  watchTheme();
  createRoot(root).render(
    <StrictMode>
      <ToastProvider>{page}</ToastProvider>
    </StrictMode>,
  );
}
