import { mounting } from "../../shared/assets/mounting.js";
import { TourView } from "./tour_view.js";

export default mounting(
  ".tour",
  TourView,
  ({ setStateValue, setTriggerValue }) =>
    (name, value) => (name === "leave" ? setTriggerValue : setStateValue)(name, value),
);
