/** One event as it came. */
export interface RawEvent {
  /** Counts all events of the run, from 0. */
  readonly index: number;
  /** Milliseconds since the run was started. */
  readonly at: number;
  readonly event: string;
  readonly data: string | null;
}

export const KEPT_EVENTS = 2_000;
/** Characters of data; the whole state of a graph may be in every event. */
export const KEPT_CHARACTERS = 8_000_000;

/** The last events of a run, as many as a page can hold; the very last one always. */
export class LastEvents {
  #events: RawEvent[] = [];
  #first = 0;
  #characters = 0;

  keep(event: RawEvent): void {
    this.#events.push(event);
    this.#characters += sizeOf(event);
    while (this.#isTooMuch()) {
      this.#characters -= sizeOf(this.#events[this.#first]);
      this.#first += 1;
    }
    // Not one by one, which would move all the others each time.
    if (this.#first > KEPT_EVENTS) {
      this.#events = this.all();
      this.#first = 0;
    }
  }

  all(): RawEvent[] {
    return this.#events.slice(this.#first);
  }

  #isTooMuch(): boolean {
    const count = this.#events.length - this.#first;
    return count > KEPT_EVENTS || (count > 1 && this.#characters > KEPT_CHARACTERS);
  }
}

function sizeOf(event: RawEvent | undefined): number {
  return event?.data?.length ?? 0;
}
