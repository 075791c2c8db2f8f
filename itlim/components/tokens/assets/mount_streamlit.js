export default mounting(
  ".tv",
  TokenView,
  ({ setStateValue, setTriggerValue }) =>
    (name, value) => (name === "trace" ? setTriggerValue : setStateValue)(name, value),
);
