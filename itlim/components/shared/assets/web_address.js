// Addresses that people type. The server checks them as well (`itlim/text/addresses.py`).

// Browsers read a backslash as a slash; invisible characters make an address look like another.
const FORBIDDEN = /[\s\p{Cc}\p{Cf}\\<>"]/u;

/** Whether a text is an http or https address with a host, and safe to link. */
export function isWebAddress(text) {
  if (FORBIDDEN.test(text) || !/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return false;
  const { hostname, username, password } = new URL(text);
  return hostname !== "" && !username && !password && !text.split("/")[2].includes("@");
}

/** An address with its scheme, "" if nothing was typed, null if the text is not an address. */
export function withScheme(typed) {
  const value = typed.trim();
  if (!value || isWebAddress(value)) return value;
  const added = `https://${value}`;
  return /^[^\s:/?#]+\.[^\s:/?#]/.test(value) && isWebAddress(added) ? added : null;
}
