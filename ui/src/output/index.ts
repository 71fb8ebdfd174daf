/** What came out of a run, shown by its shape. */

export { detailsOf, FailureCard, type FailureCardProps } from "./FailureCard";
export { Markdown } from "./Markdown";
export { MessageBubble, Messages, type MessagesProps } from "./Messages";
export { Output, type OutputProps, Raw } from "./Output";
export { type Shape, shapeOf } from "./shapes";
