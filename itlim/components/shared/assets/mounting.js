// How Streamlit components v2 mount a view. They are called whenever the data or the theme change
// (equal data, no call). A call that another one overtakes is undone at once, although the view is
// the same: a view that ended there would be deaf to keys. So it ends with its element only.

/** A component's default export: a `View(root, send)` once an element, then `update(data)`. */
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
