// Mounts a view as a Streamlit component (v2). Streamlit calls the component whenever the data or the
// theme change. It cleans up a call that a later one replaces, although both draw the same element; a
// view destroyed there would no longer handle keys. A view therefore ends only with its element.

/** A component's default export: creates one `View(root, send)` per element, then calls `update(data)`. */
export function mounting(selector, View, senderOf) {
  const views = new WeakMap();
  return ({ parentElement, data, ...streamlit }) => {
    const root = parentElement.querySelector(selector);
    if (!root || !data) return undefined;
    const send = senderOf(streamlit);
    if (!views.has(root)) views.set(root, new View(root, send));
    const view = views.get(root);
    view.send = send;
    view.update(data);
    return () => {
      if (root.isConnected || !views.delete(root)) return;
      view.destroy();
    };
  };
}
