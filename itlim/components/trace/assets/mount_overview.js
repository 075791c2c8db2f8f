import { mounting } from "../../shared/assets/mounting.js";
import { TraceOverview } from "./overview.js";

export default mounting(
  ".overview",
  TraceOverview,
  ({ setTriggerValue }) => setTriggerValue,
);
