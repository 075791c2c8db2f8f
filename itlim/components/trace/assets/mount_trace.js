export default mounting(
  ".trace",
  TraceView,
  ({ setStateValue, setTriggerValue }) =>
    (name, value) => (name === "others" ? setTriggerValue : setStateValue)(name, value),
);
