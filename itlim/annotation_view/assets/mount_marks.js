export default mounting(
  ".mv",
  (root, send) => new MarkView(root, send),
  ({ setStateValue }) => (message) => setStateValue("edits", message),
);
