/** Forms made from schemas. */

export { FieldView, type FieldViewProps } from "./FieldView";
export { SchemaForm, type SchemaFormHandle, type SchemaFormProps } from "./SchemaForm";
