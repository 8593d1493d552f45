/** What screen readers are told, and what last went wrong. Each is shown in one place by the page's frame. */
class Say {
  /** Spoken politely, then forgotten, so that the same words can be spoken again. */
  spoken = $state("");
  /** A command's refusal, until it is dismissed or a command succeeds. */
  problem = $state<string | null>(null);

  #forget: ReturnType<typeof setTimeout> | undefined;

  aloud(words: string): void {
    clearTimeout(this.#forget);
    this.spoken = words;
    this.#forget = setTimeout(() => (this.spoken = ""), 1500);
  }
}

export const say = new Say();
