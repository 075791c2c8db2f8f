// Keyboard shortcuts. No key may reach the page, because Streamlit listens for letters on the document.

const LETTERS = {
  n: (view) => view.step(1),
  p: (view) => view.step(-1),
  w: (view) => view.nextSnap(),
  a: (view) => view.acceptSuggestion(0),
  x: (view) => view.rejectSuggestion(),
  s: (view) => view.submitByKey(),
  k: (view) => view.controls.askReason("skip"),
  f: (view) => view.controls.askReason("flag"),
};
const OTHERS = {
  "[": (view) => view.moveEdge("start", -1),
  "]": (view) => view.moveEdge("start", 1),
  "{": (view) => view.moveEdge("stop", -1),
  "}": (view) => view.moveEdge("stop", 1),
  Delete: (view) => view.deleteChosen(),
  Backspace: (view) => view.deleteChosen(),
  Enter: (view) => view.applyLabel(0),
  "?": (view) => view.controls.toggleKeys(),
};

export function listenToKeys(view, signal) {
  view.root.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" && !isForPage(view, event)) event.stopPropagation();
    if (event.isComposing) return;
    view.byPointer = false;
    if (event.target.matches("input")) leaveField(view, event);
    else pressMarkingKey(view, event);
  }, { signal });
}

/** Whether the page handles this key, which may be while a submitted text has the focus. */
function isForPage(view, { key, ctrlKey, metaKey }) {
  return view.data.page_keys.includes(`${ctrlKey || metaKey ? "ctrl+" : ""}${key.toLowerCase()}`);
}

/** While the annotator types in a field, the view handles only Escape. */
function leaveField(view, event) {
  if (event.key !== "Escape") return;
  if (event.target.form) view.controls.closeReason();
  else view.text.focus({ preventScroll: true });
}

function pressMarkingKey(view, event) {
  if (isForPage(view, event)) return;
  const { key } = event;
  const inText = event.target === view.text;
  if (key === "Tab") return stepByTab(view, event, inText);
  if (key === "Escape") return escapeMarking(view);
  if ((key === "Enter" || key === " ") && !inText) return; // handled by the focused button
  const command = (event.ctrlKey || event.metaKey) && !event.getModifierState("AltGraph");
  const act = command ? commandAction(view, event) : plainAction(view, event);
  if (!act) return;
  event.preventDefault();
  act();
}

function commandAction(view, event) {
  const letter = event.key.toLowerCase();
  if (letter === "z") return () => (event.shiftKey ? view.redo() : view.undo());
  if (letter === "y") return () => view.redo();
  if (event.key === "Home" || event.key === "End") return moving(view, event);
  return null;
}

function plainAction(view, event) {
  const { key } = event;
  const letter = key.toLowerCase();
  if (letter === "z") return () => (event.shiftKey ? view.redo() : view.undo());
  if (/^[1-9]$/.test(key)) return () => view.applyLabel(Number(key) - 1);
  // Repeats of these keys are ignored, so that a key held down does not act more than once.
  const act = OTHERS[key] ?? (event.repeat || event.altKey ? null : LETTERS[letter]);
  return act ? () => act(view) : moving(view, event);
}

function moving(view, event) {
  const target = unitForKey(view, event);
  if (target === undefined) return null;
  return () => target && (event.shiftKey ? view.extendTo(target) : view.moveTo(target));
}

/** The target of a movement key; null at the end of the text, undefined for other keys. */
function unitForKey(view, { key, ctrlKey, metaKey }) {
  const far = ctrlKey || metaKey;
  const rtl = view.surface.isRightToLeft(view.caret);
  switch (key) {
    case "ArrowRight":
      return view.unitBeside(rtl ? -1 : 1);
    case "ArrowLeft":
      return view.unitBeside(rtl ? 1 : -1);
    case "ArrowDown":
      return view.unitBelow(1);
    case "ArrowUp":
      return view.unitBelow(-1);
    case "Home":
      return far ? view.unit.ranges[0] : view.unitAtLineEnd(-1);
    case "End":
      return far ? view.unit.ranges.at(-1) : view.unitAtLineEnd(1);
    default:
      return undefined;
  }
}

/** Tab moves from mark to mark, and leaves the text after the last one. */
function stepByTab(view, event, inText) {
  if (!inText || event.ctrlKey || event.altKey) return;
  if (view.step(event.shiftKey ? -1 : 1, { wrap: false })) event.preventDefault();
}

function escapeMarking(view) {
  if (view.controls.keysAreOpen) return view.controls.keys.hidePopover();
  if (!view.controls.reason.hidden) return view.controls.closeReason();
  view.choose(null);
  view.select(null);
}
