// In a file of its own the view has nobody to report to; the page's theme button speaks for it.

import { TraceView } from "./trace_view.js";

(function mountTraces() {
  for (const holder of document.querySelectorAll("[data-trace]")) {
    const data = JSON.parse(document.getElementById(holder.dataset.trace).textContent);
    const root = holder.querySelector(".trace");
    const view = new TraceView(root, () => {});
    const dress = () => {
      view.forcedTheme = document.documentElement.dataset.theme ?? null;
      view.dress();
    };
    new MutationObserver(dress).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    view.update(data);
    dress();
  }
})();
