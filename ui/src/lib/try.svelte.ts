import { ipc, sentence, type TryAnswer } from "./ipc";
import { say } from "./say.svelte";

/** The person's own request. It goes on, and is kept, while another place is shown. */
class Try {
  prompt = $state("Say pong");
  /** Empty for Codex's first. */
  model = $state("");
  running = $state(false);
  /** The person has stopped the last one. */
  stopped = $state(false);
  /** As much of the answer as has come. */
  text = $state("");
  answer = $state.raw<TryAnswer | null>(null);
  failure = $state<string | null>(null);

  /** Listens until the returned function is called. */
  follow(): () => void {
    const heard = ipc.onTryDelta((piece) => {
      // Not those for a window that was closed meanwhile.
      if (this.running) this.text += piece;
    });
    return () => void heard.then((stop) => stop());
  }

  async send(model: string | null): Promise<void> {
    this.running = true;
    this.stopped = false;
    this.text = "";
    this.answer = this.failure = null;
    try {
      this.answer = await ipc.tryIt(this.prompt, model);
      this.text = this.answer.text;
      say.aloud(`Answer: ${this.text}`);
    } catch (error) {
      if (!this.stopped) this.failure = sentence(error);
    } finally {
      this.running = false;
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await ipc.cancelTry();
  }
}

export const tried = new Try();
