import { ipc, sentence, type Snippet } from "./ipc";

/** The lines for each kind of program, and which of them are shown. */
class Snippets {
  list = $state.raw<Snippet[]>([]);
  failure = $state<string | null>(null);
  chosen = $state("python");

  async refresh(): Promise<void> {
    try {
      this.list = await ipc.snippets();
      this.failure = null;
    } catch (error) {
      this.failure = sentence(error);
    }
  }

  of(id: string): Snippet | undefined {
    return this.list.find((snippet) => snippet.id === id);
  }
}

export const snippets = new Snippets();
