// The list of keys behind the question mark.

import { element } from "../../shared/assets/visible_text.js";
import { Panel } from "./panels.js";

const KEYS = [
  [["←", "→", "↑", "↓"], "move; Ctrl + ← → by word; Home, End"],
  [["n", "p"], "next, previous shifted token"],
  [["Space"], "pin the details of this token"],
  [["Shift", "← →"], "select; or drag, Shift + click, double-click a word"],
  [["Ctrl", "A"], "select all"],
  [["w"], "select whole words, or single tokens"],
  [["m"], "next coloring"],
  [["Ctrl", "C"], "copy the selected text"],
  [["Esc"], "unpin, close, clear"],
];

export class KeyHelp extends Panel {
  /** `step` is the label of what Enter does; undefined if it does nothing. */
  show(anchor, step) {
    const list = element("dl", "keys");
    for (const [keys, meaning] of step ? [...KEYS, [["Enter"], step]] : KEYS) {
      const term = element("dt");
      for (const key of keys) term.append(element("kbd", "", key));
      list.append(term, element("dd", "", meaning));
    }
    this.node.replaceChildren(list);
    super.show(anchor);
  }
}
