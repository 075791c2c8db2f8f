// A strip of what occurs in the dataset and what tuning shifted, and a list of suggested spans.

import { themeOf } from "../../shared/assets/theme.js";
import { element } from "../../shared/assets/visible_text.js";
import { appendVisible } from "./marked_text.js";

const KINDS = [
  ["content", "occurs in the dataset"],
  ["style", "stock phrase"],
  ["instruction", "also in the instruction"],
];
const SHOWN_AT_FIRST = 6;

export class TraceOverview {
  constructor(root, send) {
    this.root = root;
    this.send = send;
    this.strip = root.querySelector(".ov-strip");
    this.legend = root.querySelector(".ov-legend");
    this.heading = root.querySelector(".ov-heading");
    this.list = root.querySelector(".ov-worth");
    this.none = root.querySelector(".ov-none");
    this.more = root.querySelector(".ov-more");
    this.all = false;
    this.more.onclick = () => {
      this.all = true;
      this.drawList();
    };
    root.addEventListener("keydown", (event) => event.key !== "Tab" && event.stopPropagation());
  }

  destroy() {}

  update(data) {
    if (this.data?.doc !== data.doc) this.all = false;
    this.data = data;
    this.root.dataset.theme = themeOf(this.root);
    this.drawStrip();
    this.drawLegend();
    this.drawList();
    this.root.dataset.ready = Number(this.root.dataset.ready ?? 0) + 1;
  }

  drawStrip() {
    const { spans, moved, active, suggested } = this.data;
    const rows = [this.row("stands", spans.map((span) => this.bar(span)))];
    if (moved) rows.push(this.row("moved", moved.map(([start, stop, category]) => this.piece([start, stop], category))));
    if (active) for (const row of rows) row.append(this.piece(active, "active"));
    this.strip.replaceChildren(...rows);
    this.strip.setAttribute("aria-label", `Verbatim matches: ${spans.length}. Suggested spans: ${suggested.length}.`);
  }

  row(name, pieces) {
    const row = element("div", `ov-row ${name}`);
    row.append(...pieces);
    return row;
  }

  piece([start, stop], className) {
    const piece = element("i", className);
    piece.style.left = `${(100 * start) / this.data.length}%`;
    piece.style.width = `${(100 * (stop - start)) / this.data.length}%`;
    return piece;
  }

  bar(span) {
    const bar = this.piece(span.range, span.kind);
    bar.style.height = `${20 + 80 * span.height}%`;
    bar.title = span.tooltip;
    bar.onclick = () => this.trace(span.range);
    return bar;
  }

  drawLegend() {
    const used = new Set(this.data.spans.map((span) => span.kind));
    this.legend.replaceChildren(
      ...KINDS.filter(([name]) => used.has(name)).map(([name, label]) => {
        const item = element("span", "item");
        item.append(element("i", name), label);
        return item;
      }),
    );
    if (used.size) this.legend.append(element("span", "note", "taller: rarer words (in nats, −ln of their probability)"));
    if (this.data.moved?.length) {
      const item = element("span", "item");
      item.append(element("i", "marginal"), element("i", "shifted"), "marginal, shifted");
      this.legend.append(item);
    }
  }

  drawList() {
    const { suggested, active, moved } = this.data;
    const rest = suggested.length - SHOWN_AT_FIRST;
    this.heading.textContent = `Suspicious phrases (${suggested.length})`;
    this.list.replaceChildren(
      ...suggested.slice(0, this.all ? undefined : SHOWN_AT_FIRST).map((row) => {
        const item = element("li");
        const button = element("button");
        button.type = "button";
        const quote = element("q");
        quote.dir = "auto";
        appendVisible(quote, row.quote);
        button.append(quote, element("span", "facts", [row.rarity, row.moved].filter(Boolean).join(" · ")));
        if (active && String(active) === String(row.range)) button.setAttribute("aria-current", "true");
        button.onclick = () => this.trace(row.range);
        item.append(button);
        return item;
      }),
    );
    this.more.hidden = this.all || rest <= 0;
    this.more.textContent = `${rest} more`;
    this.none.hidden = suggested.length > 0;
    this.none.textContent = moved
      ? "None: no shifted or marginal words occur in the dataset beyond chance, except those of the instruction."
      : "None: no words occur in the dataset beyond chance, except those of the instruction.";
  }

  trace([start, stop]) {
    const ts = Math.round(performance.timeOrigin + performance.now());
    this.send("trace", { doc: this.data.doc, start, stop, ts });
  }
}
