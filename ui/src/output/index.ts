/** What came out of a run, shown by its shape. */

export { EventList, type EventListProps } from "./EventList";
export { detailsOf, FailureCard, type FailureCardProps } from "./FailureCard";
export { FollowEnd, type FollowEndProps } from "./FollowEnd";
export { Markdown } from "./Markdown";
export { MessageBubble, Messages, type MessagesProps } from "./Messages";
export { Output, type OutputProps, Raw } from "./Output";
export { type Shape, shapeOf } from "./shapes";
