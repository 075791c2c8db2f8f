// Mouse and touch gestures on the text: select, choose a mark, drag its edges. Vertical touch drags
// scroll the page, so touch selects by taps: on the first word, then on the last.

import { copyText, isDrag, releasePointer } from "../../shared/assets/gestures.js";

/** Attach the listeners; `signal` removes them. */
export function listenToPointer(view, signal) {
  const { paper } = view;
  const on = (type, handler) => paper.addEventListener(type, handler, { signal });
  on("pointerdown", (event) => pressText(view, event));
  on("pointermove", (event) => dragInText(view, event));
  on("pointerup", (event) => releaseText(view, event));
  on("pointercancel", () => cancel(view));
  on("dblclick", (event) => selectWordAt(view, event));
  on("copy", (event) => copyText(event, chosenText(view), (text) => view.announce(text)));
}

function pressText(view, event) {
  if (event.button !== 0 || view.menu.node.contains(event.target)) return;
  view.byPointer = true;
  const cell = view.surface.cellAt(event.clientX, event.clientY);
  view.text.focus({ preventScroll: true });
  if (!cell) return;
  const { edge, stop } = event.target.dataset ?? {};
  const { selection, anchor } = view;
  view.pressed = { cell, x: event.clientX, y: event.clientY, edge: view.editable ? edge : undefined, stop, selection, anchor };
  // A touch on the text may become a scroll; a touch on a handle does not.
  if (event.pointerType !== "touch" || view.pressed.edge) view.paper.setPointerCapture(event.pointerId);
  event.preventDefault();
}

function dragInText(view, event) {
  const { pressed } = view;
  if (!pressed) return;
  if (!view.dragging) {
    if (!isDrag(pressed, event)) return;
    view.dragging = true;
  }
  const cell = view.surface.cellAt(event.clientX, event.clientY);
  if (pressed.edge) view.pullEdge(pressed.edge, cell);
  else {
    if (event.shiftKey) view.anchor ??= pressed.cell;
    else view.anchor = pressed.cell;
    view.selectTo(cell);
  }
}

function releaseText(view, event) {
  const { pressed, dragging } = view;
  view.endPointerGesture();
  releasePointer(view.paper, event);
  if (!pressed) return;
  if (dragging && pressed.edge) return view.dropEdge();
  if (dragging) return view.announceSelection();
  if (event.shiftKey) {
    view.anchor ??= view.caretUnit();
    view.selectTo(pressed.cell);
    return view.announceSelection();
  }
  if (event.pointerType === "touch") return tap(view, pressed);
  view.clicked(pressed.cell, pressed.stop);
}

/** The gesture became a scroll: restore the earlier selection. */
function cancel(view) {
  const { pressed, dragging } = view;
  view.endPointerGesture();
  if (!pressed || !dragging) return;
  if (pressed.edge) return view.dropEdge({ keep: false });
  view.anchor = pressed.anchor;
  view.select(pressed.selection);
  view.showChoice();
}

/** The first tap selects a word or chooses a mark; the next one extends the selection. */
function tap(view, { cell, stop }) {
  const unit = view.unit.touching(...cell);
  const { selection } = view;
  if (stop !== undefined || !unit || !view.editable) return view.clicked(cell, stop);
  const isInside = selection && selection[0] <= unit[0] && unit[1] <= selection[1];
  if (selection && view.anchor && !isInside) view.selectTo(unit);
  else if (isInside && selection[0] === unit[0] && selection[1] === unit[1]) view.select(null);
  else if (selection || !view.choosesByTap(cell)) selectOnly(view, unit);
  else return view.clicked(cell);
  view.announceSelection();
}

function selectOnly(view, range) {
  view.choose(null);
  view.anchor = range;
  view.selectTo(range);
}

/** Select the word at a position, regardless of the snapping unit. */
function selectWordAt(view, event) {
  const cell = view.surface.cellAt(event.clientX, event.clientY);
  const word = cell && view.units.words.touching(...cell);
  if (!word || view.menu.node.contains(event.target)) return;
  selectOnly(view, word);
  view.announceSelection();
}

/** The selected text, or else the text of the chosen mark. */
function chosenText(view) {
  const stop = view.chosenStop;
  const range = view.selection ?? (stop ? [stop.start, stop.stop] : null);
  return range ? view.offsets.slice(...range) : "";
}
