export default mounting(
  ".overview",
  (root, send) => new TraceOverview(root, send),
  ({ setTriggerValue }) => setTriggerValue,
);
