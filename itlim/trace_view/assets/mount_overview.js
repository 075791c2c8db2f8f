const VIEWS = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".overview");
  if (!root || !data) return undefined;
  if (!VIEWS.has(root)) VIEWS.set(root, new TraceOverview(root, setTriggerValue));
  const view = VIEWS.get(root);
  view.send = setTriggerValue;
  view.update(data);
  return () => VIEWS.delete(root);
}
