// The list of keys behind the question mark.

import { element } from "../../shared/assets/visible_text.js";

export function keyList(labels, snaps) {
  const count = Math.min(labels.length, 9);
  const names = labels.slice(0, 9).map((label, number) => `${number + 1} ${label.title}`);
  const groups = [
    ["Select", [
      [["←", "→", "↑", "↓"], "move"],
      [["Home", "End"], "start, end of the line; with Ctrl of the text"],
      [["Shift", "an arrow"], "select; or drag, Shift + click, double-click a word"],
      [["Tap"], "on a touch screen: select a word, then extend to another"],
      [["w"], `select by ${snaps.join(", ")}`],
      [["Ctrl", "C"], "copy the selection"],
    ]],
    ["Mark", [
      [count > 1 ? ["1", `${count}`] : ["1"], `mark, or change the label: ${names.join(", ")}`, "–"],
      [["Enter"], `mark as ${labels[0].title}`],
      [["n", "p"], "next, previous mark or suggestion; also Tab"],
      [["[", "]"], "move the left edge; or drag the handles"],
      [["{", "}"], "move the right edge"],
      [["Del"], "delete the mark; also Backspace"],
      [["a", "x"], "suggestion: mark it, or not wrong"],
      [["z"], "undo; also Ctrl + Z"],
      [["Shift", "z"], "redo; also Ctrl + Y"],
      [["Esc"], "cancel the selection"],
    ]],
    ["This item", [
      [["s"], "submit; twice with no mark: nothing wrong here"],
      [["k"], "skip, with a reason"],
      [["f"], "flag, with a reason"],
      [["?"], "show these keys"],
    ]],
  ];
  return groups.map(([title, keys]) => {
    const list = element("dl");
    for (const [pressed, meaning, between = ""] of keys) {
      const term = element("dt");
      pressed.forEach((name, index) => term.append(index ? between : "", element("kbd", "", name)));
      list.append(term, element("dd", "", meaning));
    }
    const group = element("section");
    group.append(element("h4", "", title), list);
    return group;
  });
}
