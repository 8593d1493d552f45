import { REQUESTS_KEPT } from "../../../generated/window";
import { ipc, sentence, type RequestView } from "./ipc";
import { isNarrow, matcher, NO_FILTER, type Filter } from "./filter";
import { clientName, modelOf } from "./record";

/** The requests, live, and the part of them that is shown. */
class Requests {
  /** Oldest first. */
  all = $state.raw<RequestView[]>([]);
  failure = $state<string | null>(null);
  loaded = $state(false);
  filter = $state<Filter>({ ...NO_FILTER });
  /** The person asked for no more rows. */
  paused = $state(false);

  /** The pointer rests on the list, or the list is scrolled: it must not move under them. */
  #steady = $state(false);
  /** How many requests have ever been counted, when the list was held; none while it follows. */
  #heldAt = $state<number | null>(null);
  /** How many have fallen off the old end. */
  #dropped = $state(0);

  #matches = $derived(matcher(this.filter));
  #cut = $derived(
    this.#heldAt === null
      ? this.all.length
      : Math.max(0, Math.min(this.#heldAt - this.#dropped, this.all.length)),
  );

  /** What is listed, newest first. */
  rows = $derived(this.all.slice(0, this.#cut).filter(this.#matches).reverse());
  /** How many more would be listed if the list weren't held. */
  waiting = $derived(this.all.slice(this.#cut).filter(this.#matches).length);
  narrowed = $derived(isNarrow(this.filter));
  clients = $derived(distinct(this.all, (view) => clientName(view.record.client)));
  models = $derived(distinct(this.all, (view) => modelOf(view.record)));

  /** Listens until the returned function is called. */
  follow(): () => void {
    this.#take([]);
    const heard = ipc.onRequests((views) => this.#take([...this.all, ...views]));
    heard
      .then(() => ipc.requests())
      .then((views) => {
        // Some may have been told of by an event before the answer came.
        const known = new Set(views.map((view) => view.record.id));
        this.#take([...views, ...this.all.filter((view) => !known.has(view.record.id))]);
        this.loaded = true;
        if (this.#heldAt !== null) this.#hold();
      })
      .catch((error) => (this.failure = sentence(error)));
    return () => void heard.then((stop) => stop());
  }

  /** Keeps the rows where they are while `steady`; lets them follow again when it ends, unless paused. */
  keepSteady(steady: boolean): void {
    this.#steady = steady;
    this.#settle();
  }

  togglePause(): void {
    this.paused = !this.paused;
    this.#settle();
  }

  /** Shows those that wait, and goes on holding if there is still a reason. */
  showWaiting(): void {
    if (this.#heldAt !== null) this.#hold();
  }

  async clear(): Promise<void> {
    await ipc.clearRequests();
    this.#dropped = 0;
    this.all = [];
    if (this.#heldAt !== null) this.#hold();
  }

  #settle(): void {
    const hold = this.#steady || this.paused;
    if (hold && this.#heldAt === null) this.#hold();
    if (!hold) this.#heldAt = null;
  }

  #hold(): void {
    this.#heldAt = this.#dropped + this.all.length;
  }

  #take(views: RequestView[]): void {
    const excess = Math.max(0, views.length - REQUESTS_KEPT);
    this.#dropped += excess;
    this.all = excess > 0 ? views.slice(excess) : views;
  }
}

function distinct(views: RequestView[], of: (view: RequestView) => string | null): string[] {
  const found = new Set<string>();
  for (const view of views) {
    const value = of(view);
    if (value) found.add(value);
  }
  return [...found].sort();
}

export const requests = new Requests();
