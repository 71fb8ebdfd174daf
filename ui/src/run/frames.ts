const LONGEST_WAIT_MS = 250;

/**
 * Calls back at most once a frame, however often it is asked to.
 *
 * A tab that is not seen gets no frames, so a timer runs beside them.
 */
export class Frames {
  readonly #callback: () => void;
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(callback: () => void) {
    this.#callback = callback;
  }

  /** Have the callback called soon. */
  request(): void {
    if (this.#timer !== undefined) return;
    this.#frame = requestAnimationFrame(() => this.flush());
    this.#timer = setTimeout(() => this.flush(), LONGEST_WAIT_MS);
  }

  /** Call back now, and not again for what was asked until now. */
  flush(): void {
    this.cancel();
    this.#callback();
  }

  cancel(): void {
    if (this.#timer === undefined) return;
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
