// The menu at the selection or the chosen mark, for mouse and touch.

import { element } from "../../shared/assets/visible_text.js";
import { labelClass } from "./mark_drawing.js";
import { keyButton, plainButton } from "./mark_list.js";

export class MarkMenu {
  constructor(view) {
    this.view = view;
    this.node = view.root.querySelector(".mv-menu");
    // Pressing a button must not move the keyboard focus away from the text.
    this.node.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  update() {
    const { view } = this;
    const stop = view.chosenStop;
    // Keyboard users do not need it, and it would cover the next line.
    const isWanted = view.editable && view.byPointer && !view.dragging;
    const range = view.selection ?? (stop ? [stop.start, stop.stop] : null);
    const boxes = range && isWanted ? view.surface.boxes(...range) : [];
    this.node.hidden = !boxes.length;
    if (!boxes.length) return;
    this.node.replaceChildren(...this.buttons(stop));
    this.place(boxes);
  }

  buttons(stop) {
    const { view } = this;
    const buttons = view.data.labels.map((label, number) => {
      const button = plainButton("label", "", () => view.applyLabel(number));
      button.append(element("b", `tag ${labelClass(number)}`, String(number + 1)), element("span", "", label.title));
      const isCurrent = Boolean(stop) && !view.selection && stop.label === label.name;
      button.setAttribute("aria-pressed", String(isCurrent));
      return button;
    });
    if (!view.selection && stop?.suggested) buttons.push(keyButton("reject", "Not wrong", "x", () => view.rejectSuggestion()));
    else if (!view.selection && stop) buttons.push(keyButton("remove", "Delete", "Del", () => view.deleteChosen()));
    return buttons;
  }

  /** Place the menu below the last line of the range, within the text area. */
  place(boxes) {
    const last = boxes.at(-1);
    const { text } = this.view;
    const [left, top] = [text.offsetLeft + last.left, text.offsetTop + last.bottom + 14];
    this.node.style.left = `${Math.max(4, Math.min(left, text.parentElement.clientWidth - this.node.offsetWidth - 4))}px`;
    this.node.style.top = `${top}px`;
  }
}
