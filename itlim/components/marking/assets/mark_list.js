// The list of marks, one row each, with a note and the address of evidence. A row keeps its element
// as long as its mark exists, so that text being typed is not lost.

import { codePointName, element, textParts } from "../../shared/assets/visible_text.js";
import { isWebAddress, withScheme } from "../../shared/assets/web_address.js";
import { labelClass, tagText } from "./mark_drawing.js";

const FIELDS = [
  { name: "note", label: "Note", hint: "Add a note", maxLength: 4000 },
  { name: "evidence_url", label: "Evidence", hint: "Evidence: https://…", maxLength: 2000 },
];
const EXPECTED_ADDRESS = "an address such as https://example.org/page, without spaces";
const ORIGINS = { suggested: "suggested", imported: "imported", adjudicated: "adjudicated" };

export class MarkList {
  /** `on` has choose(id), remove(id), accept(id), reject(id), field(id, name, value), draft(id, name, value). */
  constructor(node, on) {
    this.node = node;
    this.on = on;
    this.rows = new Map();
  }

  update(stops, { chosen, labels, numberOf, editable, drafts }) {
    const rows = new Map();
    for (const stop of stops) {
      const old = this.rows.get(stop.id);
      const row = old && old.suggested === Boolean(stop.suggested) ? old : this.newRow(stop, drafts);
      row.fill(stop, labels[numberOf(stop.label)], numberOf(stop.label), editable);
      row.node.classList.toggle("chosen", stop.id === chosen);
      row.node.querySelector(".choose").setAttribute("aria-pressed", String(stop.id === chosen));
      rows.set(stop.id, row);
    }
    for (const [id, row] of this.rows) if (rows.get(id) !== row) row.node.remove();
    this.rows = rows;
    // A row at its position is not moved, because moving it would remove the focus.
    [...rows.values()].forEach(({ node }, index) => {
      if (this.node.children[index] !== node) this.node.insertBefore(node, this.node.children[index] ?? null);
    });
  }

  newRow(stop, drafts) {
    return stop.suggested ? new SuggestionRow(stop, this.on) : new MarkRow(stop, this.on, drafts[stop.id] ?? {});
  }

  /** Scroll a row into view within the list, without scrolling the page. */
  reveal(id) {
    const row = this.rows.get(id)?.node;
    if (!row || this.node.scrollHeight <= this.node.clientHeight) return;
    const [inside, box] = [row.getBoundingClientRect(), this.node.getBoundingClientRect()];
    if (inside.top < box.top) this.node.scrollTop += inside.top - box.top;
    else if (inside.bottom > box.bottom) this.node.scrollTop += inside.bottom - box.bottom;
  }

  /** Send typed text that has not been sent; returns the first field whose text is refused. */
  commit() {
    const refused = [...this.rows.values()].flatMap((row) => row.commit?.() ?? []);
    return refused[0];
  }
}

class MarkRow {
  constructor(mark, on, drafts) {
    this.suggested = false;
    this.on = on;
    this.id = mark.id;
    this.node = element("li", "row");
    this.node.dataset.row = mark.id;
    this.tag = element("b", "tag");
    this.title = element("span", "title");
    this.origin = element("span", "origin");
    this.quote = element("q", "quote");
    this.quote.dir = "auto";
    this.choose = plainButton("choose", "", () => on.choose(this.id));
    this.choose.append(this.tag, this.title, this.quote);
    this.remove = plainButton("remove", "×", () => on.remove(this.id));
    this.remove.title = "Delete (Del)";
    const head = element("div", "head");
    head.append(this.choose, this.origin, this.remove);
    this.fields = FIELDS.map((field) => this.field(field, drafts[field.name]));
    this.link = element("a", "link", "open ↗");
    this.problem = element("p", "problem");
    this.problem.setAttribute("role", "alert");
    this.node.append(head, ...this.fields.map(({ input }) => input), this.link, this.problem);
    Object.assign(this.link, { target: "_blank", rel: "noopener noreferrer nofollow" });
    this.node.addEventListener("click", (event) => event.target === this.node && on.choose(this.id));
  }

  field({ name, label, hint, maxLength }, draft) {
    const input = element("input", `field ${name}`);
    Object.assign(input, { type: name === "note" ? "text" : "url", placeholder: hint, maxLength, autocomplete: "off" });
    const field = { name, label, input, typed: draft !== undefined };
    if (field.typed) input.value = draft;
    input.oninput = () => {
      field.typed = true;
      this.on.draft(this.id, name, input.value);
    };
    input.onfocus = () => this.on.choose(this.id, { silent: true });
    input.onblur = () => this.send(field);
    input.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && this.send(field));
    return field;
  }

  fill(mark, label, number, editable) {
    this.mark = mark;
    const title = label?.title ?? mark.label;
    this.tag.className = `tag ${labelClass(number)}`;
    this.tag.textContent = tagText(mark, number);
    this.title.textContent = title;
    if (this.quoted !== mark.quote) fillQuote(this.quote, (this.quoted = mark.quote));
    this.origin.textContent = ORIGINS[mark.origin] ?? "";
    this.remove.setAttribute("aria-label", `Delete ${title}: ${mark.quote}`);
    this.remove.hidden = !editable;
    for (const field of this.fields) {
      field.input.disabled = !editable;
      field.input.setAttribute("aria-label", `${field.label} on “${mark.quote.slice(0, 60)}”`);
      if (!field.typed && field.input.value !== mark[field.name]) field.input.value = mark[field.name];
    }
    const isAddress = isWebAddress(mark.evidence_url);
    this.link.hidden = !isAddress;
    if (isAddress) this.link.href = mark.evidence_url;
  }

  send(field) {
    if (!field.typed) return;
    const value = field.name === "note" ? field.input.value : withScheme(field.input.value);
    const isWrong = value === null;
    field.input.setAttribute("aria-invalid", String(isWrong));
    if (field.name === "evidence_url") {
      this.problem.textContent = isWrong ? `Not saved: enter ${EXPECTED_ADDRESS}, or put the text in the note.` : "";
    }
    if (isWrong) return;
    field.typed = false;
    field.input.value = value;
    this.on.draft(this.id, field.name, undefined);
    if (value !== this.mark[field.name]) this.on.field(this.id, field.name, value);
  }

  commit() {
    this.fields.forEach((field) => this.send(field));
    return this.fields.map(({ input }) => input).filter((input) => input.getAttribute("aria-invalid") === "true");
  }
}

class SuggestionRow {
  constructor(stop, on) {
    this.suggested = true;
    this.node = element("li", "row open");
    this.node.dataset.row = stop.id;
    this.quote = element("q", "quote");
    this.quote.dir = "auto";
    const choose = plainButton("choose", "", () => on.choose(stop.id));
    choose.append(element("b", "tag open", "?"), element("span", "title", "Suspicious"), this.quote);
    const head = element("div", "head");
    head.append(choose);
    this.buttons = element("div", "decide");
    this.buttons.append(
      keyButton("accept", "Mark it", "a", () => on.accept(stop.id)),
      keyButton("reject", "Not wrong", "x", () => on.reject(stop.id)),
    );
    this.node.append(head, this.buttons);
    this.node.addEventListener("click", (event) => event.target === this.node && on.choose(stop.id));
  }

  fill(stop, label, number, editable) {
    if (this.quoted !== stop.quote) fillQuote(this.quote, (this.quoted = stop.quote));
    this.buttons.hidden = !editable;
  }
}

function fillQuote(node, text) {
  node.replaceChildren();
  for (const part of textParts(text)) {
    if (part.kind === "plain") node.append(part.text);
    else node.append(element("span", part.kind, part.kind === "break" ? "↵ " : codePointName(part.text)));
  }
}

export function plainButton(className, text, action) {
  const button = element("button", className, text);
  button.type = "button";
  button.onclick = action;
  return button;
}

export function keyButton(className, text, key, action) {
  const button = plainButton(className, text, action);
  button.append(" ", element("kbd", "", key));
  return button;
}
