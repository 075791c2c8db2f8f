// The controls around the text: labels, snapping, undo, save status, submit, skip and flag.

import { element } from "../../shared/assets/visible_text.js";
import { keyList } from "./key_list.js";
import { labelClass } from "./mark_drawing.js";
import { plainButton } from "./mark_list.js";

const SNAP_NAMES = { words: "Words", tokens: "Tokens", characters: "Characters" };

export class Controls {
  constructor(view) {
    this.view = view;
    const find = (name) => view.root.querySelector(`.mv-${name}`);
    for (const name of ["labels", "snap", "undo", "redo", "banner", "submit", "skip", "flag", "status", "help", "keys", "reason"]) {
      this[name] = find(name);
    }
    this.undo.onclick = () => view.undo();
    this.redo.onclick = () => view.redo();
    this.submit.onclick = () => view.submit();
    this.skip.onclick = () => this.askReason("skip");
    this.flag.onclick = () => this.askReason("flag");
    this.help.popoverTargetElement = this.keys;
    this.reason.onsubmit = (event) => this.submitReason(event);
    this.reason.oninput = () => (view.memory.reasons[this.reasonKind] = this.reason.elements.reason.value);
    this.reason.querySelector(".cancel").onclick = () => {
      delete view.memory.reasons[this.reasonKind];
      this.closeReason();
    };
  }

  /** Draw what depends only on the item. */
  open(data) {
    this.labels.replaceChildren(...data.labels.map((label, number) => this.labelButton(label, number)));
    this.snap.replaceChildren(...this.view.snaps().map((snap) => plainButton("", SNAP_NAMES[snap], () => this.view.snapTo(snap))));
    [...this.snap.children].forEach((button, index) => (button.dataset.snap = this.view.snaps()[index]));
    this.keys.replaceChildren(...keyList(data.labels, this.view.snaps()));
    this.closeReason();
  }

  labelButton(label, number) {
    const button = plainButton("label", "", () => this.view.applyLabel(number));
    button.append(element("b", `tag ${labelClass(number)}`, String(number + 1)), element("span", "", label.title));
    button.title = label.meaning;
    return button;
  }

  update() {
    const { view } = this;
    const { data, queue, editable } = view;
    for (const button of this.snap.children) {
      button.setAttribute("aria-pressed", String(button.dataset.snap === view.snap));
    }
    for (const button of this.labels.children) button.setAttribute("aria-disabled", String(!view.canLabel));
    this.undo.disabled = !editable || !(data.can_undo || queue.contains("put_mark", "delete_mark"));
    this.redo.disabled = !editable || !data.can_redo || queue.contains("put_mark", "delete_mark");
    this.labelSubmit();
    for (const button of [this.submit, this.skip, this.flag]) button.disabled = !editable;
    this.flag.classList.toggle("flagged", Boolean(data.flag));
    this.flag.title = data.flag ? `Flagged: ${data.flag}` : "";
    this.flag.firstChild.textContent = data.flag ? "Flagged " : "Flag… ";
    this.showStatus();
    this.showBanner();
  }

  labelSubmit() {
    const nothing = this.view.submitArmed ? "Again to confirm: nothing wrong here " : "Nothing wrong here ";
    const text = this.view.marks.length ? "Submit " : nothing;
    if (this.submit.firstChild?.textContent !== text) this.submit.replaceChildren(text, element("kbd", "", "s"));
  }

  // ---- save status

  showStatus() {
    const { data, queue } = this.view;
    const failed = data.error || queue.late;
    const state = data.conflict ? "conflict" : queue.waiting ? (failed ? "failed" : "saving") : data.saved_at ? "saved" : "idle";
    const words = {
      conflict: "Not saved",
      failed: "Not saved",
      saving: "Saving…",
      saved: `Saved ${data.saved_at}`,
      idle: data.read_only ? "Read only" : "",
    };
    this.status.dataset.state = state;
    if (this.status.textContent !== words[state]) this.status.textContent = words[state];
  }

  /** Say what to do instead, on screen and to screen readers, until the next change. */
  showHint(text) {
    this.view.announce(text);
    this.status.dataset.state = "hint";
    this.status.textContent = text;
  }

  showBanner() {
    const { data, queue } = this.view;
    const parts = this.bannerParts(data, queue);
    const announced = parts.map((part) => part.textContent ?? part).join(" ");
    this.banner.hidden = !parts.length;
    // Replacing an equal banner would make screen readers repeat it.
    if (this.announced === announced) return;
    this.announced = announced;
    this.banner.replaceChildren(...parts);
  }

  bannerParts(data, queue) {
    const latest = (text) => plainButton("latest", text, () => this.view.loadLatest());
    if (data.conflict && !queue.loadingLatest) {
      return [element("span", "", "This item was changed in another tab."), latest("Load latest version")];
    }
    if (!data.error && !queue.late) return [];
    if (!queue.waiting) return data.error ? [element("span", "", data.error)] : [];
    const why = data.error || "the server does not respond";
    const text = `Not saved: ${why.replace(/[.\s]+$/, "")}. Your marks are kept in this browser; retrying.`;
    const again = plainButton("again", "Try now", () => queue.sendNow());
    // Edits that the server always rejects must not block the annotator.
    return data.error ? [element("span", "", text), again, latest("Discard unsaved changes")] : [element("span", "", text), again];
  }

  // ---- skip and flag

  askReason(kind) {
    if (!this.view.editable) return;
    this.reasonKind = kind;
    const [input, send] = [this.reason.elements.reason, this.reason.querySelector("[type=submit]")];
    this.reason.querySelector(".question").textContent = kind === "skip" ? "Why skip this item?" : "Describe the problem with this item";
    send.textContent = kind === "skip" ? "Skip" : "Flag";
    input.value = this.view.memory.reasons[kind] ?? (kind === "flag" ? this.view.data.flag : "");
    this.reason.hidden = false;
    input.focus();
  }

  submitReason(event) {
    event.preventDefault();
    const reason = this.reason.elements.reason.value.trim();
    if (!reason) return;
    this.view.addEdit(this.reasonKind, { reason });
    delete this.view.memory.reasons[this.reasonKind];
    this.view.announce(this.reasonKind === "skip" ? "Skipped" : "Flagged");
    this.closeReason();
  }

  closeReason() {
    if (this.reason.hidden) return;
    const focused = this.reason.contains(this.view.root.getRootNode().activeElement);
    this.reason.hidden = true;
    if (focused) this.view.text.focus({ preventScroll: true });
  }

  toggleKeys() {
    this.keys.togglePopover();
  }

  get keysAreOpen() {
    return this.keys.matches(":popover-open");
  }
}
