// An exported file has no server to report to. The step is in the address, so that it can be linked.

import { TourView } from "./tour_view.js";

(function mountTour() {
  const data = JSON.parse(document.getElementById("itlim-tour").textContent);
  const view = new TourView(document.querySelector(".tour"), (name, value) => {
    if (name === "step") history.replaceState(null, "", `#${value.step}`);
  });
  const linked = Number(location.hash.slice(1));
  if (linked) data.step = linked;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    view.forcedTheme = system.matches ? "dark" : "light";
    view.update(data);
  };
  system.onchange = show;
  show();
})();
