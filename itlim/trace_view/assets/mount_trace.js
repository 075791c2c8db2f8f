// Streamlit components v2 calls this whenever the data or the theme change; equal data, no call.

const TRIGGERS = new Set(["others"]);
const VIEWS = new WeakMap();

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".trace");
  if (!root || !data) return undefined;
  const send = (name, value) => (TRIGGERS.has(name) ? setTriggerValue : setStateValue)(name, value);
  if (!VIEWS.has(root)) VIEWS.set(root, new TraceView(root, send));
  const view = VIEWS.get(root);
  view.send = send;
  view.update(data);
  return () => {
    view.destroy();
    VIEWS.delete(root);
  };
}
