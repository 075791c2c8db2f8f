// An exported file has no server to report to; the address alone holds the step.

import { IN_FRAGMENT } from "./step_address.js";
import { TourView } from "./tour_view.js";

(function mountTour() {
  const data = JSON.parse(document.getElementById("itlim-tour").textContent);
  const view = new TourView(document.querySelector(".tour"), () => {}, IN_FRAGMENT);
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    view.forcedTheme = system.matches ? "dark" : "light";
    view.update(data);
  };
  system.onchange = show;
  show();
})();
