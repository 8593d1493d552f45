// Stands in for Rust: loaded before the built page, it answers its commands and plays its events.
// The address says what: ?scene=signed-out&requests=1000&live#requests
import { emit } from "@tauri-apps/api/event";
import { mockIPC } from "@tauri-apps/api/mocks";

import type { AppState, SettingChange, SettingsView, TryAnswer } from "../src/lib/ipc";
import { history, next } from "./requests";
import { healthy, scenes, settings, snippets, TOKEN } from "./state";

const query = new URLSearchParams(location.search);
const now = Date.now();

let state: AppState = { ...healthy(now), ...scenes[query.get("scene") ?? "on"]?.(now) };
let view: SettingsView = settings;
let log = history(Number(query.get("requests") ?? 120), now);
let stopTry = () => {};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function set(change: Partial<AppState>) {
  state = { ...state, ...change };
  await emit("state", state);
  return null;
}

async function start(change: Partial<AppState> = {}) {
  await set({ switch: "starting", trouble: null, ...change });
  void pause(900).then(() => set({ switch: "on", codex: healthy(now).codex, quota: healthy(now).quota }));
  return null;
}

async function answer(): Promise<TryAnswer> {
  let stopped = false;
  stopTry = () => (stopped = true);
  const words = ["po", "ng"];
  await pause(412);
  for (const word of words) {
    if (stopped) throw "The request was stopped.";
    await emit("try-delta", word);
    await pause(200);
  }
  return {
    model: "gpt-5.5",
    text: words.join(""),
    firstTokenMs: 412,
    durationMs: 1207,
    inputTokens: 11,
    cachedTokens: 3,
    outputTokens: 7,
  };
}

async function change({ setting, value }: SettingChange): Promise<SettingsView> {
  if (setting === "port" && value < 1024)
    throw `Port ${value} is for the system's own programs; take one from 1024.`;
  view = { ...view, [setting]: value };
  return view;
}

const commands: { [name: string]: (args: never) => unknown } = {
  app_state: () => state,
  start_gateway: () => start(),
  stop_gateway: () => set({ switch: "off", running: 0 }),
  start_demo: () => start({ demo: true }),
  stop_demo: () => start({ demo: false }),
  use_port: ({ port }: { port: number }) => start({ baseUrl: `http://127.0.0.1:${port}/v1` }),
  copy: ({ target }: { target: { what: string } }) => {
    if (target.what === "snippet" && state.firstRun)
      return set({ firstRun: { ...state.firstRun, snippetCopied: true } });
    return null;
  },
  reveal_token: () => TOKEN,
  rotate_token: () => set({ token: { ...state.token, masked: "codex-gateway-local-••••••b07e" } }),
  keep_token_in_file: () => start({ token: { masked: "codex-gateway-local-••••••b07e", place: "file" } }),
  retry_keyring: () =>
    pause(800).then(() => Promise.reject("The keyring is still locked: unlock it, then try again.")),
  snippets: () => snippets,
  try_it: answer,
  cancel_try: () => (stopTry(), null),
  requests: () => log,
  clear_requests: () => ((log = []), null),
  export_requests: ({ ids }: { ids: string[] }) => ({
    path: "~/Downloads/codex-gateway-requests.jsonl",
    requests: ids.length,
  }),
  apply_cure: () => null,
  sign_in: ({ device }: { device: boolean }) =>
    set({
      signIn: {
        kind: "waiting",
        url: device
          ? "https://auth.openai.com/codex/device"
          : `https://auth.openai.com/oauth/authorize?client_id=app&code_challenge=${"k2v9".repeat(60)}`,
        userCode: device ? "HTQK-93VX" : null,
      },
    }),
  open_sign_in_page: () => null,
  cancel_sign_in: () => set({ signIn: null }),
  settings: () => view,
  change_setting: ({ change: wanted }: { change: SettingChange }) => change(wanted),
  choose_codex: () => null,
  open_help: () => null,
  first_run_done: () => set({ firstRun: null }),
};

mockIPC(
  (command, args) => {
    const answers = commands[command];
    if (!answers) throw new Error(`The mock has no command ${command}.`);
    return answers(args as never);
  },
  { shouldMockEvents: true },
);

if (query.has("live")) {
  setInterval(() => {
    const view = next(log.length, Date.now());
    log = [...log, view];
    void emit("requests", [view]);
  }, 700);
}
