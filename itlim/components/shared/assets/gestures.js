// Pointer and clipboard handling shared by all views.

// Touch is less precise than a mouse.
const DRAG_STARTS_PX = { touch: 12 };
const DRAG_STARTS_ELSE_PX = 4;

/** Whether a pressed pointer has moved far enough for a drag. */
export function isDrag(pressed, { clientX, clientY, pointerType }) {
  const distance = DRAG_STARTS_PX[pointerType] ?? DRAG_STARTS_ELSE_PX;
  return Math.hypot(clientX - pressed.x, clientY - pressed.y) >= distance;
}

/** End the capture of a pointer, if the node has it. */
export function releasePointer(node, { pointerId }) {
  if (node.hasPointerCapture(pointerId)) node.releasePointerCapture(pointerId);
}

/** Copy a text instead of the browser's own selection; does nothing for an empty text. */
export function copyText(event, text, say) {
  if (!text) return;
  event.preventDefault();
  event.clipboardData.setData("text/plain", text);
  say("Copied");
}
