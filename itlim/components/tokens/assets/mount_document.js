// An exported file has no server to report to. The cursor is written to the URL, so that readers
// can link to a token of a published file.

import { TokenView } from "./token_view.js";

(function mountDocument() {
  const data = JSON.parse(document.getElementById("itlim-data").textContent);
  const root = document.querySelector(".tv");
  const view = new TokenView(root, (name, value) => {
    if (name === "cursor") history.replaceState(null, "", `#token-${value.position}`);
  });
  const linked = /^#token-(\d+)$/.exec(location.hash);
  if (linked) data.focus = { position: Number(linked[1]), rev: 1 };

  const button = document.querySelector(".theme-toggle");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = (theme) => {
    document.documentElement.dataset.theme = view.forcedTheme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    view.applyAttributes(data);
  };
  button.hidden = false;
  button.onclick = () => show(view.forcedTheme === "dark" ? "light" : "dark");
  system.onchange = () => show(system.matches ? "dark" : "light");
  show(system.matches ? "dark" : "light");
  view.update(data);
})();
