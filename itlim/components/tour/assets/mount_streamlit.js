import { mounting } from "../../shared/assets/mounting.js";
import { IN_QUERY } from "./step_address.js";
import { TourView } from "./tour_view.js";

class AppTour extends TourView {
  constructor(root, send) {
    super(root, send, IN_QUERY);
  }
}

export default mounting(
  ".tour",
  AppTour,
  ({ setStateValue, setTriggerValue }) =>
    (name, value) => (name === "leave" ? setTriggerValue : setStateValue)(name, value),
);
