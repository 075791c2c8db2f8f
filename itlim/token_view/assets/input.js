// Pointer and keys, translated into what the view can do.

/** Attach every listener; returns a function that takes them off again. */
function listen(view) {
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
  on(body, "copy", (event) => copy(view, event));
  on(body, "focus", () => view.cursor < 0 && view.placeCursor(0));
  on(body, "blur", () => view.tip.pinned || view.tip.hide());
  on(body, "keydown", (event) => pressKey(view, event));
  // Streamlit listens for "r" and "c" on the document: no key of ours may reach it.
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
  const extends_ = event.shiftKey && view.cursor >= 0;
  view.pressed = {
    position, extends: extends_, dragging: false, x: event.clientX, y: event.clientY,
    hadSelection: view.selection !== null,
  };
  if (!extends_) view.anchor = position;
  else if (view.anchor < 0) view.anchor = view.cursor;
  if (event.pointerType !== "touch") view.body.setPointerCapture(event.pointerId);
}

function drag(view, event) {
  const { pressed } = view;
  if (!pressed) {
    if (event.pointerType !== "touch") view.hover(view.surface.tokenOf(event.composedPath()[0]));
    return;
  }
  if (!pressed.dragging) {
    if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < DRAG_STARTS_PX) return;
    pressed.dragging = true;
    view.tip.hide();
    view.card.hide();
  }
  scrollAtEdge(view.body, event.clientY);
  const position = view.surface.tokenAt(event.clientX, event.clientY);
  view.placeCursor(position);
  view.selectTo(position);
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
  if (view.body.hasPointerCapture(event.pointerId)) view.body.releasePointerCapture(event.pointerId);
  if (pressed.extends) {
    view.placeCursor(pressed.position);
    view.selectTo(pressed.position);
  }
  if (pressed.extends || pressed.dragging) return view.finishSelection();
  view.clearSelection();
  view.placeCursor(pressed.position);
  view.sendCursor();
  // The first click on a selection only clears it.
  if (!pressed.hadSelection) view.togglePin(pressed.position);
}

function selectWord(view, event) {
  const position = view.surface.tokenAt(event.clientX, event.clientY);
  if (position < 0) return;
  view.anchor = position;
  const [start, stop] = view.table.wordBounds(position);
  view.surface.select([start, stop]);
  view.memory.selection = [start, stop];
  view.finishSelection();
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

function copy(view, event) {
  const text = view.selectedText();
  if (!text) return;
  event.preventDefault();
  event.clipboardData.setData("text/plain", text);
  view.say("Copied");
}

// ---- keys

function escape(view) {
  if (view.keyHelp.open) view.keyHelp.hide();
  else if (view.tip.open) view.tip.hide();
  else view.clearSelection();
}

const ACTIONS = {
  " ": (view) => view.togglePin(view.cursor),
  Enter: (view) => view.requestTrace(),
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
    view.anchor = -1;
    return view.travel(target);
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
  if (!view.selection || view.anchor < 0) {
    view.anchor = view.cursor;
    target = view.cursor;
  }
  view.placeCursor(target);
  view.surface.nodes[view.cursor].scrollIntoView({ block: "nearest" });
  view.selectTo(view.cursor);
  view.finishSelection();
}

/** Where a movement key leads, or null for any other key. */
function moveTarget(view, event) {
  const { cursor, table, surface, look } = view;
  const byWord = event.ctrlKey || event.altKey || (event.shiftKey && look.words);
  const last = table.length - 1;
  switch (event.key) {
    case "ArrowRight":
      return Math.min(last, byWord ? table.wordBounds(cursor)[1] : cursor + 1);
    case "ArrowLeft":
      return Math.max(0, byWord ? previousWord(table, cursor) : cursor - 1);
    case "ArrowDown":
      return surface.lineNeighbour(cursor, 1);
    case "ArrowUp":
      return surface.lineNeighbour(cursor, -1);
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
