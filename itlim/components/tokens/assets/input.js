// Translates pointer events and keys to actions of the view.

import { copyText, isDrag, releasePointer } from "../../shared/assets/gestures.js";

export const METRIC_EVENT = "itlim-token-metric";

/** Attach all listeners; returns a function that removes them. */
export function listen(view) {
  view.pressed = null;
  const { body, root } = view;
  const off = new AbortController();
  const on = (target, type, handler, options = {}) =>
    target.addEventListener(type, handler, { ...options, signal: off.signal });
  on(body, "pointerdown", (event) => press(view, event));
  on(body, "pointermove", (event) => drag(view, event));
  on(body, "pointerup", (event) => release(view, event));
  on(body, "pointercancel", () => (view.pressed = null));
  on(body, "pointerleave", () => view.hover(-1));
  on(body, "dblclick", (event) => selectWord(view, event));
  on(body, "copy", (event) => copyText(event, view.marks.selectedText(), (text) => view.say(text)));
  on(body, "focus", () => view.marks.cursor < 0 && view.marks.place(0));
  on(body, "blur", () => view.tip.pinned || view.tip.hide());
  on(body, "keydown", (event) => pressKey(view, event));
  // Streamlit handles "r" and "c" on the document, so no key of the view may reach it.
  on(root, "keydown", (event) => event.key !== "Tab" && event.stopPropagation());
  on(root, "keydown", (event) => event.key === "Escape" && escape(view));
  on(window, "scroll", () => followScroll(view), { capture: true, passive: true });
  on(window, "resize", () => followScroll(view));
  on(document, METRIC_EVENT, ({ detail }) => {
    if (detail.group === view.table.data.group) view.showMetric(detail.column);
  });
  on(document, "pointerdown", (event) => pressElsewhere(view, event), { capture: true });
  return () => off.abort();
}

// ---- pointer

function press(view, event) {
  if (event.button !== 0) return;
  const position = view.surface.tokenAt(event.clientX, event.clientY);
  if (position < 0) return;
  view.body.focus({ preventScroll: true });
  const { marks } = view;
  // A phone has no Shift key: while words are selected, a tap elsewhere extends the selection.
  const tapExtends = event.pointerType === "touch" && marks.selection !== null && !isInside(position, marks.selection);
  const extending = (event.shiftKey || tapExtends) && marks.cursor >= 0;
  view.pressed = {
    position, extending, tapExtends, dragging: false, x: event.clientX, y: event.clientY,
    hadSelection: marks.selection !== null,
  };
  if (!extending) marks.anchor = position;
  else if (marks.anchor < 0) marks.anchor = marks.cursor;
  if (event.pointerType !== "touch") view.body.setPointerCapture(event.pointerId);
}

function isInside(position, [start, stop]) {
  return start <= position && position < stop;
}

function drag(view, event) {
  const { pressed } = view;
  if (!pressed) {
    if (event.pointerType !== "touch") view.hover(view.surface.tokenOf(event.composedPath()[0]));
    return;
  }
  if (!pressed.dragging) {
    if (!isDrag(pressed, event)) return;
    pressed.dragging = true;
    if (pressed.tapExtends) view.marks.anchor = pressed.position;
    view.tip.hide();
    view.card.hide();
  }
  scrollAtEdge(view.body, event.clientY);
  const position = view.surface.tokenAt(event.clientX, event.clientY);
  view.marks.place(position);
  view.marks.selectTo(position);
}

function scrollAtEdge(body, y) {
  const box = body.getBoundingClientRect();
  if (y > box.bottom - 12) body.scrollTop += 14;
  else if (y < box.top + 12) body.scrollTop -= 14;
}

function release(view, event) {
  const { pressed } = view;
  view.pressed = null;
  if (!pressed) return;
  releasePointer(view.body, event);
  if (pressed.extending && !pressed.dragging) {
    view.marks.place(pressed.position);
    view.marks.selectTo(pressed.position);
  }
  if (pressed.extending || pressed.dragging) return view.showSelection();
  view.clearSelection();
  view.marks.place(pressed.position);
  view.marks.reportCursor();
  // A click while tokens are selected only clears the selection.
  if (!pressed.hadSelection) view.togglePin(pressed.position);
}

function selectWord(view, event) {
  const position = view.surface.tokenAt(event.clientX, event.clientY);
  if (position >= 0) view.selectWord(position);
}

function pressElsewhere(view, event) {
  if (event.composedPath().includes(view.root)) return;
  view.tip.hide();
  view.keyHelp.hide();
}

function followScroll(view) {
  if (!view.tip.pinned) view.tip.hide();
  for (const panel of [view.tip, view.card, view.keyHelp]) panel.place();
}

// ---- keys

function escape(view) {
  if (view.keyHelp.open) view.keyHelp.hide();
  else if (view.tip.open) view.tip.hide();
  else view.clearSelection();
}

const ACTIONS = {
  " ": (view) => view.togglePin(view.marks.cursor),
  Enter: (view) => view.take(),
  m: (view) => view.nextMetric(),
  w: (view) => view.toggleSnap(),
  "?": (view) => view.toggleHelp(view.header.help),
};

function pressKey(view, event) {
  if (!view.table.length) return;
  const { key } = event;
  const command = event.ctrlKey || event.metaKey;
  const target = moveTarget(view, event);
  if (target !== null) {
    event.preventDefault();
    if (event.shiftKey && key !== "N" && key !== "P") return extendTo(view, target);
    view.clearSelection();
    view.marks.anchor = -1;
    return view.moveTo(target);
  }
  if (command && key.toLowerCase() === "a") {
    event.preventDefault();
    return view.selectAll();
  }
  const action = ACTIONS[key];
  if (!action || command || event.altKey) return;
  event.preventDefault();
  action(view);
}

/** Shift and a movement: the first press selects the word or token at the cursor, later ones extend. */
function extendTo(view, target) {
  const { marks, surface } = view;
  const starting = !marks.selection || marks.anchor < 0;
  if (starting) marks.anchor = marks.cursor;
  else marks.place(target);
  surface.nodes[marks.cursor].scrollIntoView({ block: "nearest" });
  marks.selectTo(marks.cursor);
  view.showSelection();
}

/** The position that a movement key leads to; null for other keys. */
function moveTarget(view, event) {
  const { table, surface, look } = view;
  const { cursor } = view.marks;
  const byWord = event.ctrlKey || event.altKey || (event.shiftKey && look.words);
  const last = table.length - 1;
  switch (event.key) {
    case "ArrowRight":
      return Math.min(last, byWord ? table.wordBounds(cursor)[1] : cursor + 1);
    case "ArrowLeft":
      return Math.max(0, byWord ? previousWord(table, cursor) : cursor - 1);
    case "ArrowDown":
      return surface.lineNeighbor(cursor, 1);
    case "ArrowUp":
      return surface.lineNeighbor(cursor, -1);
    case "Home":
      return 0;
    case "End":
      return last;
    case "n":
    case "N":
      return nextShifted(table, cursor, 1);
    case "p":
    case "P":
      return nextShifted(table, cursor, -1);
    default:
      return null;
  }
}

/** Start of the word that ends before the one under the cursor. */
function previousWord(table, cursor) {
  const [start] = table.wordBounds(cursor);
  return start === 0 ? 0 : table.wordBounds(start - 1)[0];
}

function nextShifted(table, cursor, step) {
  for (let position = cursor + step; position >= 0 && position < table.length; position += step) {
    if (table.category(position) === 2) return position;
  }
  return cursor;
}
