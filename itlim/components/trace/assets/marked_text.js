// A text with colored runs. All text from models and datasets is set through textContent.

import { codePointName, element, textParts } from "../../shared/assets/visible_text.js";
import { cutText, foldPieces } from "./cutting.js";

export const HUES = 4;

/**
 * Fill `node` with the text. Each mark is a run (`number`, `strength`, `fuzzy`, `amount`) or the
 * traced span (`isSpan`). Folded parts become buttons, unless `folds.has(start)`.
 */
export function fillMarkedText(node, text, marks, folds, unfold) {
  const pieces = foldPieces(cutText(text, marks));
  node.replaceChildren(
    ...pieces.map((piece) => {
      if (piece.folded && !folds.has(piece.start)) return foldButton(piece, unfold);
      return pieceElement(piece);
    }),
  );
}

function pieceElement(piece) {
  // A piece has one color: exact before fuzzy, rare before common. Its tooltip lists all runs.
  const runs = piece.marks
    .filter((mark) => !mark.isSpan)
    .sort((left, right) => left.fuzzy - right.fuzzy || right.strength - left.strength);
  const span = piece.marks.find((mark) => mark.isSpan);
  const node = element(runs.length ? "mark" : "span", "piece");
  appendVisible(node, piece.text);
  if (span) {
    node.classList.add("in-span");
    node.classList.toggle("span-first", piece.start === span.start);
    node.classList.toggle("span-last", piece.start + piece.text.length === span.stop);
  }
  if (runs.length) markRuns(node, piece, runs);
  return node;
}

function markRuns(node, piece, runs) {
  const [shown] = runs;
  node.classList.add("run", `hue-${(shown.number - 1) % HUES}`, shown.fuzzy ? "fuzzy" : `strength-${shown.strength}`);
  node.dataset.runs = [...new Set(runs.map((run) => run.number))].join(" ");
  const starting = runs.filter((run) => run.start === piece.start).map((run) => run.number);
  if (starting.length) node.dataset.tag = [...new Set(starting)].join("·");
  node.title = runs.map((run) => `${run.number}: ${run.amount}`).join("\n");
}

/** Append text; characters that are invisible or reorder others become chips. */
export function appendVisible(node, text) {
  for (const part of textParts(text)) {
    if (part.kind === "plain") node.append(part.text);
    else if (part.kind === "break") node.append("\n");
    else node.append(element("span", "chip", codePointName(part.text)));
  }
}

function foldButton(piece, unfold) {
  const count = [...piece.text].length.toLocaleString("en");
  const button = element("button", "fold", `… ${count} more characters …`);
  button.type = "button";
  button.dataset.start = piece.start;
  button.title = "Show this part";
  button.onclick = (event) => {
    event.stopPropagation();
    unfold(piece.start);
  };
  return button;
}
