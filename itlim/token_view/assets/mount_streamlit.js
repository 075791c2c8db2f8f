export default mounting(
  ".tv",
  (root, send) => new TokenView(root, send),
  ({ setStateValue, setTriggerValue }) =>
    (name, value) => (name === "trace" ? setTriggerValue : setStateValue)(name, value),
);
