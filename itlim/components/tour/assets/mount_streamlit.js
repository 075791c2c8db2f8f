import { mounting } from "../../shared/assets/mounting.js";
import { IN_QUERY } from "./step_address.js";
import { TourView } from "./tour_view.js";

const YEAR_S = 365 * 24 * 3600;

/** Keeps the step in a cookie, which a reload of the browser sends to the app; 0 forgets it. */
function remember(name, step) {
  document.cookie = `${name}=${step || ""}; path=/; max-age=${step ? YEAR_S : 0}; samesite=lax`;
}

class AppTour extends TourView {
  constructor(root, send) {
    super(root, send, IN_QUERY);
  }

  draw() {
    super.draw();
    if (!this.isOver) remember(this.data.cookie, this.at + 1);
  }

  report(name, value) {
    this.isOver = name === "leave" && this.at === this.data.steps.length - 1;
    if (this.isOver) remember(this.data.cookie, 0);
    super.report(name, value);
  }
}

export default mounting(
  ".tour",
  AppTour,
  ({ setStateValue, setTriggerValue }) =>
    (name, value) => (name === "leave" ? setTriggerValue : setStateValue)(name, value),
);
