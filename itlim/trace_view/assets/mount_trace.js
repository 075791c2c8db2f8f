export default mounting(
  ".trace",
  (root, send) => new TraceView(root, send),
  ({ setStateValue, setTriggerValue }) =>
    (name, value) => (name === "others" ? setTriggerValue : setStateValue)(name, value),
);
