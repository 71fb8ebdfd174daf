/** The small set of components that every page is made of. */

export * from "./Button";
export { boot, pageNonce } from "./boot";
export { CodeBlock, type CodeBlockProps } from "./CodeBlock";
export { CopyButton, type CopyButtonProps } from "./CopyButton";
export { classes } from "./classes";
export { copyText } from "./clipboard";
export { Dialog, type DialogProps } from "./Dialog";
export * from "./Field";
export * from "./inputs";
export { JsonEditor, type JsonEditorProps } from "./JsonEditor";
export { JsonTree, type JsonTreeProps } from "./JsonTree";
export { Loading, type LoadingProps } from "./loading";
export * from "./Menu";
export { Popover, type PopoverProps } from "./Popover";
export * from "./Segmented";
export { SkipLink } from "./SkipLink";
export { Spinner } from "./Spinner";
export * from "./surfaces";
export * from "./Tabs";
export { ThemeSwitch } from "./ThemeSwitch";
export { ToastProvider, useToast } from "./Toast";
export { Tooltip } from "./Tooltip";
