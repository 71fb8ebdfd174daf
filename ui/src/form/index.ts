/** Forms made from schemas. */

export { FieldView, type FieldViewProps } from "./FieldView";
export { MessageContent } from "./MessageContent";
export { isBlank } from "./parts";
export { SchemaForm, type SchemaFormHandle, type SchemaFormProps } from "./SchemaForm";
