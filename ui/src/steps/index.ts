/** The steps of a run: put together from its events, and shown as a waterfall. */

export {
  type Step,
  type StepKind,
  type StepState,
  StepTree,
  totalUsage,
  type Usage,
  usageOf,
} from "./tree";
