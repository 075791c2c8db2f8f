// These are one-time requests, not a lasting state.

import { mounting } from "../../shared/assets/mounting.js";
import { TokenView } from "./token_view.js";

const TRIGGERS = ["trace", "gap"];

export default mounting(
  ".tv",
  TokenView,
  ({ setStateValue, setTriggerValue }) =>
    (name, value) => (TRIGGERS.includes(name) ? setTriggerValue : setStateValue)(name, value),
);
