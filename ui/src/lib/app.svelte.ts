import { ipc, sentence, type AppState } from "./ipc";

/** The gateway's state, as Rust last told it. */
class App {
  state = $state.raw<AppState | null>(null);
  /** Why there is no state at all. */
  failure = $state<string | null>(null);

  /** Listens until the returned function is called. */
  follow(): () => void {
    // What an event says is newer than what the first question brings.
    let told = false;
    this.state = null;
    const heard = ipc.onState((state) => {
      told = true;
      this.state = state;
    });
    ipc.appState().then(
      (state) => {
        if (!told) this.state = state;
      },
      (error) => (this.failure = sentence(error)),
    );
    return () => void heard.then((stop) => stop());
  }
}

export const app = new App();
