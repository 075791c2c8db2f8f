import { mounting } from "../../shared/assets/mounting.js";
import { TraceView } from "./trace_view.js";

export default mounting(
  ".trace",
  TraceView,
  ({ setStateValue, setTriggerValue }) =>
    (name, value) => (name === "others" ? setTriggerValue : setStateValue)(name, value),
);
