// Active time: the tab is visible, and pointer or keyboard was used in the last 30 seconds.

const IDLE_AFTER_MS = 30_000;

export class ActiveTime {
  constructor(now = () => performance.now()) {
    this.now = now;
    this.total = 0;
    this.countedTo = now();
    this.until = this.countedTo + IDLE_AFTER_MS; // opening the item counts as activity
  }

  settle() {
    const now = this.now();
    this.total += Math.max(0, Math.min(now, this.until) - this.countedTo);
    this.countedTo = now;
  }

  touched() {
    this.settle();
    this.until = this.countedTo + IDLE_AFTER_MS;
  }

  hidden() {
    this.settle();
    this.until = this.countedTo;
  }

  /** Whole milliseconds since the last call. */
  take() {
    this.settle();
    const whole = Math.floor(this.total);
    this.total -= whole;
    return whole;
  }

  /** Listen on the whole page, because reading the guideline counts as activity. */
  listen(signal) {
    for (const type of ["pointermove", "pointerdown", "keydown", "wheel"]) {
      window.addEventListener(type, () => this.touched(), { capture: true, passive: true, signal });
    }
    const seen = () => (document.visibilityState === "hidden" ? this.hidden() : this.settle());
    document.addEventListener("visibilitychange", seen, { signal });
  }
}
