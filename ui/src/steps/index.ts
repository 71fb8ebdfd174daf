/** The steps of a run: put together from its events, and shown as a waterfall. */

export { duration } from "./time";
export {
  failedStep,
  type Step,
  type StepKind,
  type StepState,
  StepTree,
  totalUsage,
  type Usage,
  usageOf,
} from "./tree";
export { Waterfall, type WaterfallProps } from "./Waterfall";
