// The step in the address. Each step is an entry of the browser's history, so that Back shows the
// previous step, and from the first one the page before the tour.

/** The app names the step as its pages name everything on screen: in a parameter. */
export const IN_QUERY = {
  stepOf: (address) => Number(address.searchParams.get("step")),
  addressOf: (step) => {
    const address = new URL(location.href);
    address.searchParams.set("step", step);
    return address;
  },
};

/** An exported file has no server, so its step is the fragment. */
export const IN_FRAGMENT = {
  stepOf: (address) => Number(address.hash.slice(1)),
  addressOf: (step) => `#${step}`,
};

export class StepAddress {
  /** `onChange(step)` is called when Back or Forward leads to another step of this page, and returns
   * whether it showed it. Streamlit then does not run the page as well: its run raced with that of
   * the step, and a reader who left the tour at this moment saw an empty page. */
  constructor(place, onChange) {
    this.place = place;
    this.path = location.pathname;
    const off = new AbortController();
    const follow = (event) => {
      if (this.step && onChange(this.step)) event.stopImmediatePropagation();
    };
    addEventListener("popstate", follow, { signal: off.signal, capture: true });
    this.stopListening = () => off.abort();
  }

  /** The step that the address names; 0 if it names none. */
  get step() {
    const address = new URL(location.href);
    const step = address.pathname === this.path ? this.place.stepOf(address) : 0;
    return Number.isInteger(step) && step > 0 ? step : 0;
  }

  /** Name the step of the present entry, so that Back finds it there. */
  name(step) {
    if (step !== this.step) history.replaceState(history.state, "", this.place.addressOf(step));
  }

  /** Add an entry for the next step. In the app, `history` itself adds none for the same page. */
  add(step) {
    if (step !== this.step) History.prototype.pushState.call(history, history.state, "", this.place.addressOf(step));
  }
}
