// The tour: one step at a time. Arrow keys move, Escape leaves; the whole page listens, because a
// presenter should not have to click first.

import { themeOf } from "../../shared/assets/theme.js";
import { element } from "../../shared/assets/visible_text.js";
import { StepAddress } from "./step_address.js";

export class TourView {
  constructor(root, send, place) {
    this.root = root;
    this.send = send;
    this.part = (name) => root.querySelector(`.to-${name}`);
    this.at = 0;
    this.doc = null;
    this.forcedTheme = null;
    this.part("back").onclick = () => this.move(-1);
    this.part("next").onclick = () => this.move(1);
    this.part("leave").onclick = () => this.leave();
    const off = new AbortController();
    document.addEventListener("keydown", (event) => this.press(event), { signal: off.signal, capture: true });
    for (const type of ["pointermove", "pointerdown", "focusin"]) {
      document.addEventListener(type, () => this.showControls(true), { signal: off.signal });
    }
    this.address = new StepAddress(place, (step) => this.follow(step));
    this.stopListening = () => off.abort();
  }

  destroy() {
    this.stopListening();
    this.showControls(true);
    this.address.stopListening();
  }

  update(data) {
    // Python follows the reader, not the other way round: its step may be older than the address.
    const isNew = this.doc !== data.doc;
    this.data = data;
    this.doc = data.doc;
    if (isNew) this.at = Math.min(data.steps.length, this.address.step || data.step) - 1;
    this.address.name(this.at + 1);
    this.root.dataset.theme = this.forcedTheme ?? themeOf(this.root);
    this.draw();
  }

  move(by) {
    const next = this.at + by;
    if (next < 0) return;
    if (next >= this.data.steps.length) return this.leave();
    this.address.add(next + 1);
    this.show(next);
  }

  /** Show the step to which Back or Forward led; returns whether it is another one. */
  follow(step) {
    const known = this.root.isConnected && step <= this.data.steps.length;
    const isOther = known && step - 1 !== this.at;
    if (isOther) this.show(step - 1);
    return isOther;
  }

  show(at) {
    this.at = at;
    this.draw();
    this.report("step", { step: this.at + 1 });
  }

  draw() {
    const { steps } = this.data;
    const step = steps[this.at];
    const isLast = this.at === steps.length - 1;
    this.part("count").textContent = `${this.at + 1} of ${steps.length}`;
    this.part("title").textContent = step.title;
    this.part("statement").textContent = step.statement ?? "";
    this.part("texts").replaceChildren(...step.texts.map(textBlock));
    this.part("notes").replaceChildren(...step.notes.map((note) => element("p", "", note)));
    this.part("back").hidden = this.at === 0;
    this.part("next").textContent = isLast ? "Done" : "Next";
    this.part("next").hidden = isLast && !step.link;
    this.part("leave").hidden = isLast || !step.link;
    const link = this.part("link");
    link.hidden = !step.link;
    if (step.link) link.href = step.link;
    this.part("live").textContent = `Step ${this.at + 1} of ${steps.length}: ${step.title}`;
    this.root.dataset.step = this.at + 1;
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.root.isConnected) return;
    const target = event.composedPath()[0];
    if (target.closest?.("input, textarea, select")) return;
    const act = {
      ArrowRight: () => this.at < this.data.steps.length - 1 && this.move(1),
      ArrowLeft: () => this.move(-1),
      Escape: () => this.leave(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    this.showControls(false);
    act();
  }

  /** A presenter who uses the keys shows no buttons; the pointer or Tab brings them back. */
  showControls(shown) {
    document.documentElement.toggleAttribute("data-tour-by-keys", !shown);
  }

  /** Says where the tour is left: the app may not have been told of the last step yet. */
  leave() {
    this.report("leave", { step: this.at + 1 });
  }

  report(name, value) {
    const ts = Math.round(performance.timeOrigin + performance.now());
    this.send(name, { doc: this.doc, ...value, ts });
  }
}

function textBlock({ label, text, marks }) {
  const block = element("div", "block");
  const body = element("div", "text");
  body.dir = "auto";
  let end = 0;
  for (const [start, stop] of [...marks].sort((left, right) => left[0] - right[0])) {
    if (start < end) continue;
    body.append(text.slice(end, start), element("mark", "", text.slice(start, stop)));
    end = stop;
  }
  body.append(text.slice(end));
  block.append(element("div", "label", label), body);
  return block;
}
