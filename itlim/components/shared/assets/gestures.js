// Pointer and clipboard details that every view handles in the same way.

// A finger trembles more than a mouse.
const DRAG_STARTS_PX = { touch: 12 };
const DRAG_STARTS_ELSE_PX = 4;

/** Whether a pressed pointer has moved far enough for a drag. */
export function isDrag(pressed, { clientX, clientY, pointerType }) {
  const least = DRAG_STARTS_PX[pointerType] ?? DRAG_STARTS_ELSE_PX;
  return Math.hypot(clientX - pressed.x, clientY - pressed.y) >= least;
}

/** End the capture of a pointer, if the node has it. */
export function releasePointer(node, { pointerId }) {
  if (node.hasPointerCapture(pointerId)) node.releasePointerCapture(pointerId);
}

/** Put a text on the clipboard in place of the browser's own selection; nothing for an empty one. */
export function copyText(event, text, say) {
  if (!text) return;
  event.preventDefault();
  event.clipboardData.setData("text/plain", text);
  say("Copied");
}
