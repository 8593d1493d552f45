import { emit } from "@tauri-apps/api/event";
import { mockIPC } from "@tauri-apps/api/mocks";
import { render } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { vi } from "vitest";

import App from "../../src/App.svelte";
import { requests as store } from "../../src/lib/requests.svelte";
import { snippets as lines } from "../../src/lib/snippets.svelte";
import { tried } from "../../src/lib/try.svelte";
import { say } from "../../src/lib/say.svelte";
import { NO_FILTER } from "../../src/lib/filter";
import type { AppState, RequestView, SettingsView } from "../../src/lib/ipc";
import type { Place } from "../../src/lib/place.svelte";
import { healthy, scenes, settings, snippets } from "../../mock/state";

interface Options {
  scene?: string;
  state?: Partial<AppState>;
  place?: Place;
  requests?: RequestView[];
  settings?: Partial<SettingsView>;
  /** What Rust answers to commands that matter to the test; the others answer nothing. */
  commands?: { [name: string]: (args: never) => unknown };
}

/** The whole page, with Rust's side answering as told. */
export async function openWindow(options: Options = {}) {
  const now = Date.now();
  const state: AppState = { ...healthy(now), ...scenes[options.scene ?? "on"]?.(now), ...options.state };
  const view: SettingsView = { ...settings, ...options.settings };
  const answers: { [name: string]: (args: never) => unknown } = {
    app_state: () => state,
    settings: () => view,
    snippets: () => snippets,
    requests: () => options.requests ?? [],
    change_setting: ({ change }: { change: { setting: string; value: unknown } }) => ({
      ...view,
      [change.setting]: change.value,
    }),
    ...options.commands,
  };
  const rust = vi.fn((command: string, args: unknown) => answers[command]?.(args as never) ?? null);
  mockIPC((command, args) => rust(command, args), { shouldMockEvents: true });

  store.filter = { ...NO_FILTER };
  if (store.paused) store.togglePause();
  lines.list = [];
  lines.chosen = "python";
  Object.assign(tried, { prompt: "Say pong", model: "", running: false, stopped: false, text: "" });
  tried.answer = tried.failure = null;
  say.problem = null;
  say.spoken = "";
  location.hash = options.place ?? "connect";
  const page = render(App);
  await page.findByRole("heading", { level: 1 });
  return {
    ...page,
    rust,
    state,
    user: userEvent.setup({ delay: null }),
    /** What Rust tells of its own accord. */
    tell: (event: string, payload: unknown) => emit(event, payload),
    /** What screen readers were told last. */
    spoken: () => page.container.querySelector("[aria-live]")?.textContent,
  };
}
