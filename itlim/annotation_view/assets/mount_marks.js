// Streamlit components v2 calls this whenever the data or the theme change; equal data, no call.

const VIEWS = new WeakMap();

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".mv");
  if (!root || !data) return undefined;
  const send = (message) => setStateValue("edits", message);
  if (!VIEWS.has(root)) VIEWS.set(root, new MarkView(root, send));
  const view = VIEWS.get(root);
  view.send = send;
  view.update(data);
  return () => {
    view.destroy();
    VIEWS.delete(root);
  };
}
