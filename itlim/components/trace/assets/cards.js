// One card per candidate: its rank, the parts of its score, and its text.

import { element, formatNumber } from "../../shared/assets/visible_text.js";
import { fillMarkedText } from "./marked_text.js";

const LEVEL_DOTS = { strong: "●●●", possible: "●●○", weak: "●○○" };

export class CandidateCard {
  /** `on` contains the callbacks `choose(card)` and `others(card)`. */
  constructor(candidate, data, on) {
    this.candidate = candidate;
    this.data = data;
    this.on = on;
    this.open = false;
    this.folds = new Set();
    this.node = element("li", "tr-card");
    this.node.dataset.id = candidate.id;
    this.article = element("article");
    this.article.tabIndex = -1;
    this.article.setAttribute("aria-label", this.name());
    this.node.append(this.article);
    this.article.onclick = (event) => event.target.closest("button, a") || on.choose(this);
    this.draw();
  }

  name() {
    const { rank, id, level, score, unit } = this.candidate;
    const place = `Candidate ${rank} of ${this.data.candidates.length}`;
    const amount = `score ${formatNumber(score)}${unit === "score" ? "" : ` ${unit}`}`;
    return [place, id, level, amount].filter(Boolean).join(", ");
  }

  /** The chosen card shows everything; the others show only what they share with the span. */
  choose(open) {
    if (this.open === open) return;
    this.open = open;
    this.draw();
  }

  toggleFolds() {
    const closed = [...this.node.querySelectorAll("button.fold")];
    if (closed.length) for (const button of closed) button.click();
    else {
      this.folds.clear();
      this.draw();
    }
  }

  draw() {
    this.node.classList.toggle("chosen", this.open);
    this.article.tabIndex = this.open ? 0 : -1;
    if (this.open) this.article.setAttribute("aria-current", "true");
    else this.article.removeAttribute("aria-current");
    const fields = this.open ? this.candidate.fields.map((_, index) => index) : this.fieldsWithRuns();
    this.article.replaceChildren(
      this.head(),
      ...(this.open && this.data.parts.length ? [this.evidence()] : []),
      ...fields.map((index) => this.field(index)),
      ...(this.open && this.data.reversible ? [this.actions()] : []),
    );
  }

  fieldsWithRuns() {
    const found = this.candidate.fields.map((_, index) => index).filter((index) => this.runsOf(index).length);
    return found.length ? found : [this.candidate.fields.length - 1];
  }

  head() {
    const { rank, id, level, level_meaning: meaning, score, unit } = this.candidate;
    const head = element("header");
    const badge = element("span", `level ${level}`);
    badge.title = meaning;
    const dots = element("span", "dots", LEVEL_DOTS[level] ?? "");
    dots.setAttribute("aria-hidden", "true");
    badge.append(dots, ` ${level}`);
    const total = element("span", "score");
    const number = element("b", "", formatNumber(score));
    total.append(...(unit === "score" ? ["score ", number] : [number, ` ${unit}`]));
    if (this.data.parts.length) total.title = "Score: weighted sum of the parts";
    head.append(element("span", "rank", String(rank)), element("b", "id", id), ...(level ? [badge] : []));
    head.append(element("span", "origin", this.origin()), total);
    return head;
  }

  origin() {
    const { dataset, line, licence, matched_on: matchedOn } = this.candidate;
    return [dataset, `line ${line.toLocaleString("en")}`, licence, matchedOn].filter(Boolean).join(" · ");
  }

  evidence() {
    const table = element("table", "evidence");
    table.append(element("caption", "sr-only", "Parts of the score"));
    const body = element("tbody");
    this.data.parts.forEach((part, index) => {
      const [value, added] = this.candidate.parts[index];
      body.append(this.evidenceRow(part, value, added));
    });
    table.append(body);
    return table;
  }

  evidenceRow(part, value, added) {
    const row = element("tr");
    const name = element("th", "", part.label);
    name.scope = "row";
    name.title = part.meaning;
    const bar = element("td", "bar");
    const fill = element("i");
    fill.style.width = `${Math.max(0, Math.min(100, 100 * this.barShare(part, value, added)))}%`;
    bar.append(fill);
    bar.setAttribute("aria-hidden", "true");
    const unit = part.unit ? ` ${part.unit}` : "";
    const shown = value === null ? "not measured" : formatNumber(value) + unit;
    row.append(name, bar, element("td", "value", shown), element("td", "adds", this.contribution(part, value, added)));
    row.classList.toggle("idle", !part.weight || value === null);
    row.classList.toggle("asked-for", part.top !== undefined && value !== null);
    return row;
  }

  /** Contribution to the score; for a part on request with weight 0, its value. */
  barShare(part, value, added) {
    if (part.top && !part.weight) return (value ?? 0) / part.top;
    return (added ?? 0) / this.data.top_part;
  }

  contribution(part, value, added) {
    if (value === null) return "";
    if (!part.weight) return "weight 0";
    const signed = `${added < 0 ? "−" : "+"} ${formatNumber(Math.abs(added))}`;
    return part.weight === 1 ? signed : `× ${formatNumber(part.weight)} = ${signed}`;
  }

  runsOf(field) {
    return this.candidate.runs.filter((run) => run.field === field);
  }

  field(index) {
    const { name, text } = this.candidate.fields[index];
    const block = element("div", `field ${name}`);
    const label = element("div", "field-name", name);
    const body = element("div", "field-text");
    body.dir = "auto";
    const marks = this.runsOf(index).map((run) => ({ ...run, start: run.at[0], stop: run.at[1] }));
    const unfolded = { has: (start) => this.folds.has(`${index}/${start}`) };
    const unfold = (start) => {
      this.folds.add(`${index}/${start}`);
      this.draw();
      this.article.focus({ preventScroll: true });
    };
    fillMarkedText(body, text, marks, unfolded, unfold);
    block.append(label, body);
    return block;
  }

  actions() {
    const row = element("div", "actions");
    const button = element("button", "others", "Find other responses with these words");
    button.type = "button";
    button.title = "List all stored responses that share rare words with this instance (b)";
    button.onclick = () => this.on.others(this);
    row.append(button);
    return row;
  }
}
