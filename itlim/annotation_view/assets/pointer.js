// What the mouse does on the text: select, choose a mark, pull at its edges.

const DRAG_STARTS_PX = 4;

/** Attach the listeners; `signal` takes them off again. */
function listenToPointer(view, signal) {
  const { paper } = view;
  const on = (type, handler) => paper.addEventListener(type, handler, { signal });
  on("pointerdown", (event) => press(view, event));
  on("pointermove", (event) => drag(view, event));
  on("pointerup", (event) => release(view, event));
  on("pointercancel", () => view.letGoOfPointer());
  on("dblclick", (event) => selectWord(view, event));
  on("copy", (event) => copy(view, event));
}

function press(view, event) {
  if (event.button !== 0 || view.menu.node.contains(event.target)) return;
  view.byPointer = true;
  const cell = view.surface.cellAt(event.clientX, event.clientY);
  view.text.focus({ preventScroll: true });
  if (!cell) return;
  const { edge, stop } = event.target.dataset ?? {};
  view.pressed = { cell, x: event.clientX, y: event.clientY, edge: view.editable ? edge : undefined, stop };
  // A finger that moves scrolls.
  if (event.pointerType !== "touch") view.paper.setPointerCapture(event.pointerId);
  event.preventDefault();
}

function drag(view, event) {
  const { pressed } = view;
  if (!pressed) return;
  if (!view.dragging) {
    if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < DRAG_STARTS_PX) return;
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

function release(view, event) {
  const { pressed, dragging } = view;
  view.letGoOfPointer();
  if (view.paper.hasPointerCapture(event.pointerId)) view.paper.releasePointerCapture(event.pointerId);
  if (!pressed) return;
  if (dragging && pressed.edge) return view.dropEdge();
  if (dragging) return view.saySelection();
  if (event.shiftKey) {
    view.anchor ??= view.caretUnit();
    view.selectTo(pressed.cell);
    return view.saySelection();
  }
  view.clicked(pressed.cell, pressed.stop);
}

/** A word is a word, whatever the selection snaps to. */
function selectWord(view, event) {
  const cell = view.surface.cellAt(event.clientX, event.clientY);
  const word = cell && view.units.words.touching(...cell);
  if (!word || view.menu.node.contains(event.target)) return;
  view.choose(null);
  view.anchor = word;
  view.select(word);
  view.saySelection();
}

function copy(view, event) {
  const stop = view.chosenStop;
  const range = view.selection ?? (stop ? [stop.start, stop.stop] : null);
  if (!range) return;
  event.preventDefault();
  event.clipboardData.setData("text/plain", view.offsets.slice(...range));
  view.say("Copied");
}
