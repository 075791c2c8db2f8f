// What is asked for once, not a state that stays.
const TRIGGERS = ["trace", "gap"];

export default mounting(
  ".tv",
  TokenView,
  ({ setStateValue, setTriggerValue }) =>
    (name, value) => (TRIGGERS.includes(name) ? setTriggerValue : setStateValue)(name, value),
);
