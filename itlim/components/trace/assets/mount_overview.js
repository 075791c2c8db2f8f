export default mounting(
  ".overview",
  TraceOverview,
  ({ setTriggerValue }) => setTriggerValue,
);
