import { followLatest } from "./follow";
import { ipc, type AppState } from "./ipc";

/** The gateway's state, as Rust last told it. */
class App {
  state = $state.raw<AppState | null>(null);
  /** Why there is no state at all. */
  failure = $state<string | null>(null);

  /** Listens until the returned function is called. */
  follow(): () => void {
    this.state = null;
    return followLatest({
      listen: ipc.onState,
      ask: ipc.appState,
      take: (state) => (this.state = state),
      fail: (sentence) => (this.failure = sentence),
    });
  }
}

export const app = new App();
