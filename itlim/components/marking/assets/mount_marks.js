export default mounting(
  ".mv",
  MarkView,
  ({ setStateValue }) => (message) => setStateValue("edits", message),
);
