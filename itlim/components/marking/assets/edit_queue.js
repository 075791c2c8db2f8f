// Edits that the server has not acknowledged. Every message contains all of them, so a lost or
// reordered message loses nothing. They survive the element and a reload of the page. Times are those
// of `performance`, because the clock may be set back.

const RESEND_AFTER_MS = 5_000;
const LATE_AFTER_MS = 8_000;
const TAB = newId();
const QUEUES = new Map();

/** A random id; `randomUUID` exists only on https and localhost. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class EditQueue {
  /** The queue of a sheet, with its earlier edits. */
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
    this.loadingLatest = false;
    this.send = null; // sends a message to the server
    this.changed = null; // redraws the status in the view
    this.sentOnce = false;
    this.progressAt = this.sentAt = performance.now();
  }

  // ---- content

  add(kind, payload, activeMs) {
    if (!this.events.length) this.progressAt = performance.now();
    // Counted from the previous edit: the server's newest version may already include that edit.
    const base = this.events.length ? this.events.at(-1).base + 1 : this.version;
    this.events.push({
      event_id: newId(), kind, payload, base,
      client_time: new Date().toISOString(), active_ms: activeMs,
    });
    this.store();
    this.sendSoon();
  }

  contains(...kinds) {
    return this.events.some(({ kind }) => kinds.includes(kind));
  }

  /** The server's marks with the unsaved edits applied. */
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

  // ---- response of the server

  answer(data) {
    this.version = data.version;
    if (!data.conflict) this.loadingLatest = false;
    const stored = new Set(data.acked);
    for (const queue of QUEUES.values()) queue.drop(stored); // including the last edit of the previous item
    if (this.waiting && !this.sentOnce) this.sendSoon(); // left from another element or page
  }

  drop(stored) {
    const kept = this.events.filter(({ event_id }) => !stored.has(event_id));
    if (kept.length === this.events.length) return;
    this.events = kept;
    this.late = false;
    this.progressAt = performance.now();
    this.store();
  }

  /** Discard unsaved edits; after a conflict, request the stored version. */
  discard({ loadLatest }) {
    this.events = [];
    this.late = false;
    this.progressAt = performance.now();
    this.loadingLatest = loadLatest;
    this.store();
    this.sendSoon(); // replaces the message that the server still has
  }

  // ---- sending

  get waiting() {
    return this.events.length > 0 || this.loadingLatest;
  }

  /** Send edits of the same event loop turn in one message. */
  sendSoon() {
    this.sending ??= setTimeout(() => {
      this.sending = null;
      this.sendNow();
    });
  }

  sendNow() {
    if (!this.send) return;
    this.sentAt = performance.now();
    this.sentOnce = true;
    const ts = Math.round(performance.timeOrigin + this.sentAt);
    const message = { doc: this.doc, tab: TAB, events: this.events, ts };
    if (this.loadingLatest) message.take_newer = true;
    try {
      this.send(message);
    } catch (error) {
      console.warn("The message could not be sent; it will be sent again.", error);
    }
  }

  /** Called every second while the view is on screen. */
  tick() {
    if (!this.waiting) return;
    const now = performance.now();
    if (now - this.sentAt >= RESEND_AFTER_MS) this.sendNow();
    const late = now - this.progressAt >= LATE_AFTER_MS;
    if (late === this.late) return;
    this.late = late;
    this.changed?.();
  }

  start(send, changed) {
    this.send = send;
    this.changed = changed;
    if (this.timer) return;
    this.progressAt = performance.now();
    this.sentOnce = false;
    this.timer = setInterval(() => this.tick(), 1000);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.send = this.changed = null;
  }

  // ---- persistence over a reload

  stored() {
    try {
      return JSON.parse(sessionStorage.getItem(this.storageKey) ?? "[]");
    } catch (error) {
      console.warn("This browser cannot store unsaved edits for a reload.", error);
      return [];
    }
  }

  store() {
    try {
      if (this.events.length) sessionStorage.setItem(this.storageKey, JSON.stringify(this.events));
      else sessionStorage.removeItem(this.storageKey);
    } catch (error) {
      console.warn("This browser cannot store unsaved edits for a reload.", error);
    }
  }
}
