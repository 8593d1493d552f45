import { expect, test, vi } from "vitest";

import { healthy, settings as view } from "../../mock/state";
import { app } from "../../src/lib/app.svelte";
import { ipc, type AppState, type SettingsView } from "../../src/lib/ipc";
import { requests } from "../../src/lib/requests.svelte";
import { settings } from "../../src/lib/settings.svelte";

function later<T>() {
  let resolve = (_: T) => {};
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

const STORES = [
  { name: "the state", store: app, question: "appState", event: "onState" },
  { name: "the requests", store: requests, question: "requests", event: "onRequests" },
  { name: "the settings", store: settings, question: "settings", event: "onSettings" },
] as const;

test.each(STORES)("$name is asked for once changes are heard of: none is lost", async (each) => {
  const listening = later<() => void>();
  vi.spyOn(ipc, each.event).mockReturnValue(listening.promise);
  const asked = vi.fn(() => new Promise<never>(() => {}));
  vi.spyOn(ipc, each.question).mockImplementation(asked);
  const stop = each.store.follow();
  await Promise.resolve();
  expect(asked).not.toHaveBeenCalled();
  listening.resolve(() => {});
  await expect.poll(() => asked.mock.calls.length).toBe(1);
  stop();
  vi.restoreAllMocks();
});

test("what an event told is not overwritten by an older answer", async () => {
  const now = Date.now();
  const answers = { state: later<AppState>(), settings: later<SettingsView>() };
  let tellState = (_: AppState) => {};
  let tellSettings = (_: SettingsView) => {};
  vi.spyOn(ipc, "onState").mockImplementation(async (heard) => ((tellState = heard), () => {}));
  vi.spyOn(ipc, "onSettings").mockImplementation(async (heard) => ((tellSettings = heard), () => {}));
  vi.spyOn(ipc, "appState").mockReturnValue(answers.state.promise);
  vi.spyOn(ipc, "settings").mockReturnValue(answers.settings.promise);
  const stops = [app.follow(), settings.follow()];
  tellState({ ...healthy(now), running: 2 });
  tellSettings({ ...view, port: 9000 });
  answers.state.resolve(healthy(now));
  answers.settings.resolve(view);
  await new Promise((resolve) => setTimeout(resolve));
  expect([app.state?.running, settings.view?.port]).toEqual([2, 9000]);
  stops.forEach((stop) => stop());
  vi.restoreAllMocks();
});
