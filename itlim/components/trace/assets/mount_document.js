// Mount the traces of an exported file. They report to nobody and follow the file's theme button.

import { TraceView } from "./trace_view.js";

(function mountTraces() {
  for (const container of document.querySelectorAll("[data-trace]")) {
    const data = JSON.parse(document.getElementById(container.dataset.trace).textContent);
    const root = container.querySelector(".trace");
    const view = new TraceView(root, () => {});
    const applyTheme = () => {
      view.forcedTheme = document.documentElement.dataset.theme ?? null;
      view.applyTheme();
    };
    new MutationObserver(applyTheme).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    view.update(data);
    applyTheme();
  }
})();
