// Time at work: the tab is in sight and a hand was on pointer or keys in the last half minute.

const IDLE_AFTER_MS = 30_000;

export class ActiveTime {
  constructor(now = () => performance.now()) {
    this.now = now;
    this.total = 0;
    this.countedTo = now();
    this.until = this.countedTo + IDLE_AFTER_MS; // whatever opened the item was a touch, too
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

  /** Whole milliseconds since the last taking. */
  take() {
    this.settle();
    const whole = Math.floor(this.total);
    this.total -= whole;
    return whole;
  }

  /** Listen on the whole page: whoever reads the guideline beside the text is at work. */
  listen(signal) {
    for (const type of ["pointermove", "pointerdown", "keydown", "wheel"]) {
      window.addEventListener(type, () => this.touched(), { capture: true, passive: true, signal });
    }
    const seen = () => (document.visibilityState === "hidden" ? this.hidden() : this.settle());
    document.addEventListener("visibilitychange", seen, { signal });
  }
}
