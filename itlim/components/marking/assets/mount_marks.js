import { mounting } from "../../shared/assets/mounting.js";
import "./editing.js";
import { MarkView } from "./mark_view.js";

export default mounting(
  ".mv",
  MarkView,
  ({ setStateValue }) => (message) => setStateValue("edits", message),
);
