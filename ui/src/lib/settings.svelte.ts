import { followLatest } from "./follow";
import { ipc, sentence, type SettingChange, type SettingsView } from "./ipc";
import { say } from "./say.svelte";

/** The settings, and what became of the last change of each. */
class Settings {
  view = $state.raw<SettingsView | null>(null);
  failure = $state<string | null>(null);
  /** The control whose setting was just applied, and for a moment says so. */
  applied = $state<string | null>(null);
  /** Why a setting could not be changed, by its control. */
  refused = $state<{ [control: string]: string }>({});

  #forget: ReturnType<typeof setTimeout> | undefined;

  /** Listens until the returned function is called. */
  follow(): () => void {
    return followLatest({
      listen: ipc.onSettings,
      ask: ipc.settings,
      take: (view) => {
        this.view = view;
        // What was refused before them may hold now.
        this.refused = {};
      },
      fail: (sentence) => (this.failure = sentence),
    });
  }

  /** Where one setting has several controls, `control` names the one that is to tell what became of it. */
  async change(change: SettingChange, control: string = change.setting): Promise<void> {
    try {
      this.view = await ipc.changeSetting(change);
    } catch (error) {
      this.refused[control] = sentence(error);
      // The control goes back to what holds.
      this.view = this.view && { ...this.view };
      return;
    }
    delete this.refused[control];
    this.applied = control;
    say.aloud("Applied");
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => (this.applied = null), 1500);
  }
}

export const settings = new Settings();
