// Edits that are not known to be stored. All of them travel in every message, so that a message
// lost or overtaken loses nothing, and they outlive the element, and a reload of the page.

const SEND_AGAIN_MS = 5_000;
const LATE_AFTER_MS = 8_000;
const TAB = newId();
const QUEUES = new Map();

/** A random id; `randomUUID` is there only on https and localhost. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class EditQueue {
  /** The queue of a sheet, as it was left. */
  static of(doc) {
    if (!QUEUES.has(doc)) QUEUES.set(doc, new EditQueue(doc));
    return QUEUES.get(doc);
  }

  constructor(doc) {
    this.doc = doc;
    this.storageKey = `itlim.marks/${doc}`;
    this.events = this.stored();
    this.version = 0;
    this.late = false;
    this.takingNewer = false;
    this.send = null; // (message) → the server
    this.changed = null; // () → the view draws its status anew
    this.sentOnce = false;
    this.progressAt = this.sentAt = Date.now();
  }

  // ---- what is in it

  add(kind, payload, activeMs) {
    if (!this.events.length) this.progressAt = Date.now();
    // Counted from the edit before, not from the server's newest version: that one may hold it already.
    const base = this.events.length ? this.events.at(-1).base + 1 : this.version;
    this.events.push({
      event_id: newId(), kind, payload, base,
      client_time: new Date().toISOString(), active_ms: activeMs,
    });
    this.store();
    this.sendSoon();
  }

  holds(...kinds) {
    return this.events.some(({ kind }) => kinds.includes(kind));
  }

  /** The server's marks with the edits it has not stored yet on top. */
  applyTo(marks) {
    const byId = new Map(marks.map((mark) => [mark.id, mark]));
    for (const { kind, payload } of this.events) {
      if (kind === "put_mark") byId.set(payload.id, payload);
      else if (kind === "delete_mark") byId.delete(payload.id);
    }
    return [...byId.values()];
  }

  decidedSuggestions() {
    return new Set(this.events.filter(({ kind }) => kind === "suggestion").map(({ payload }) => payload.suggestion_id));
  }

  // ---- the server's answer

  answer(data) {
    this.version = data.version;
    if (!data.conflict) this.takingNewer = false;
    const stored = new Set(data.acked);
    for (const queue of QUEUES.values()) queue.drop(stored); // the last edit of the item before, too
    if (this.waiting && !this.sentOnce) this.sendSoon(); // left over from another element or page
  }

  drop(stored) {
    const kept = this.events.filter(({ event_id }) => !stored.has(event_id));
    if (kept.length === this.events.length) return;
    this.events = kept;
    this.late = false;
    this.progressAt = Date.now();
    this.store();
  }

  /** Give up what is not stored; after a conflict, ask for what is. */
  discard({ takeNewer }) {
    this.events = [];
    this.late = false;
    this.progressAt = Date.now();
    this.takingNewer = takeNewer;
    this.store();
    this.sendSoon(); // the message that the server still holds must go, too
  }

  // ---- sending

  get waiting() {
    return this.events.length > 0 || this.takingNewer;
  }

  /** Edits made in one go travel in one message. */
  sendSoon() {
    this.sending ??= setTimeout(() => {
      this.sending = null;
      this.sendNow();
    });
  }

  sendNow() {
    if (!this.send) return;
    this.sentAt = Date.now();
    this.sentOnce = true;
    const message = { doc: this.doc, tab: TAB, events: this.events, ts: this.sentAt };
    if (this.takingNewer) message.take_newer = true;
    try {
      this.send(message);
    } catch (error) {
      console.warn("The connection took no message; it will be sent again.", error);
    }
  }

  /** Called every second while the view is on screen. */
  tick() {
    if (!this.waiting) return;
    const now = Date.now();
    if (now - this.sentAt >= SEND_AGAIN_MS) this.sendNow();
    const late = now - this.progressAt >= LATE_AFTER_MS;
    if (late === this.late) return;
    this.late = late;
    this.changed?.();
  }

  start(send, changed) {
    this.send = send;
    this.changed = changed;
    if (this.timer) return;
    this.progressAt = Date.now();
    this.sentOnce = false;
    this.timer = setInterval(() => this.tick(), 1000);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.send = this.changed = null;
  }

  // ---- over a reload

  stored() {
    try {
      return JSON.parse(sessionStorage.getItem(this.storageKey) ?? "[]");
    } catch (error) {
      console.warn("This browser keeps nothing over a reload.", error);
      return [];
    }
  }

  store() {
    try {
      if (this.events.length) sessionStorage.setItem(this.storageKey, JSON.stringify(this.events));
      else sessionStorage.removeItem(this.storageKey);
    } catch (error) {
      console.warn("This browser keeps nothing over a reload.", error);
    }
  }
}
