// The strip above the list: where the response stands in the dataset, and where tuning moved it.

import { themeOf } from "../../shared/assets/theme.js";
import { element } from "../../shared/assets/visible_text.js";
import { appendVisible } from "./marked_text.js";

const STANDINGS = [
  ["content", "stands in the dataset"],
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
    const { spans, moved, active } = this.data;
    const rows = [this.row("stands", spans.map((span) => this.bar(span)))];
    if (moved) rows.push(this.row("moved", moved.map(([start, stop, category]) => this.piece([start, stop], category))));
    if (active) for (const row of rows) row.append(this.piece(active, "active"));
    this.strip.replaceChildren(...rows);
    const said = `${spans.length} verbatim stretches along the response, ${this.data.worth.length} of them worth a look`;
    this.strip.setAttribute("aria-label", said);
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
    const bar = this.piece(span.range, span.standing);
    bar.style.height = `${20 + 80 * span.height}%`;
    bar.title = span.said;
    bar.onclick = () => this.ask(span.range);
    return bar;
  }

  drawLegend() {
    const used = new Set(this.data.spans.map((span) => span.standing));
    this.legend.replaceChildren(
      ...STANDINGS.filter(([name]) => used.has(name)).map(([name, said]) => {
        const item = element("span", "item");
        item.append(element("i", name), said);
        return item;
      }),
    );
    if (used.size) this.legend.append(element("span", "note", "higher: rarer words"));
    if (this.data.moved?.length) {
      const item = element("span", "item");
      item.append(element("i", "marginal"), element("i", "shifted"), "marginal, shifted");
      this.legend.append(item);
    }
  }

  drawList() {
    const { worth, active, moved } = this.data;
    const rest = worth.length - SHOWN_AT_FIRST;
    this.heading.textContent = `Spans worth a look (${worth.length})`;
    this.list.replaceChildren(
      ...worth.slice(0, this.all ? undefined : SHOWN_AT_FIRST).map((row) => {
        const item = element("li");
        const button = element("button");
        button.type = "button";
        const quote = element("q");
        quote.dir = "auto";
        appendVisible(quote, row.quote);
        button.append(quote, element("span", "facts", [row.rarity, row.moved].filter(Boolean).join(" · ")));
        if (active && String(active) === String(row.range)) button.setAttribute("aria-current", "true");
        button.onclick = () => this.ask(row.range);
        item.append(button);
        return item;
      }),
    );
    this.more.hidden = this.all || rest <= 0;
    this.more.textContent = `${rest} more`;
    this.none.hidden = worth.length > 0;
    this.none.textContent = moved
      ? "None: nothing here was moved by tuning, stands in the dataset beyond chance, and is not in the instruction."
      : "None: nothing here stands in the dataset beyond chance and is not in the instruction.";
  }

  ask([start, stop]) {
    const ts = Math.round(performance.timeOrigin + performance.now());
    this.send("trace", { doc: this.data.doc, start, stop, ts });
  }
}
