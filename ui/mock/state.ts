import type { AppState, SettingsView, Snippet, Trouble } from "../src/lib/ipc";
import written from "./snippets.json";

const HOUR = 3_600_000;

/** A gateway that is on and well. */
export function healthy(now: number): AppState {
  return {
    switch: "on",
    running: 0,
    baseUrl: "http://127.0.0.1:8000/v1",
    token: { masked: "codex-gateway-local-••••••3f9a", place: "keyring" },
    trouble: null,
    demo: false,
    codex: {
      path: "/usr/local/lib/node_modules/@openai/codex/bin/codex",
      version: "0.171.0",
      account: { kind: "signedIn", method: "chatgpt", plan: "Plus" },
      leaks: [],
      models: ["gpt-5.5", "gpt-5.5-codex", "gpt-6-luna"],
    },
    signIn: null,
    quota: [
      { label: "5 h", ofSomeModels: false, usedPercent: 62, resetsAtMs: now + 2.2 * HOUR },
      { label: "week", ofSomeModels: false, usedPercent: 18, resetsAtMs: now + 98 * HOUR },
    ],
    clients: [
      { name: "openai-python/3.54.0", requests: 41 },
      { name: "openai-node/6.49.0", requests: 12 },
      { name: "curl/8.14.1", requests: 3 },
    ],
    firstRun: null,
    version: "1.0.0",
  };
}

type Scene = (now: number) => Partial<AppState>;

const trouble = (trouble: Trouble, rest: Partial<AppState> = {}): Partial<AppState> => ({ trouble, ...rest });

const signedOut = (now: number) => {
  const codex = healthy(now).codex;
  return codex && { ...codex, account: { kind: "signedOut" as const } };
};

/** Nothing is known of a Codex that doesn't run. */
const OFF = { switch: "off", codex: null, quota: [] } satisfies Partial<AppState>;

/** Every state of the window, as its difference from the healthy one. */
export const scenes: { [name: string]: Scene } = {
  on: () => ({}),
  off: () => ({ ...OFF, clients: [] }),
  starting: () => ({ switch: "starting", codex: null, quota: [], clients: [] }),
  busy: () => ({ running: 3 }),
  "first-run": () => ({
    quota: [],
    clients: [],
    firstRun: { codexFound: true, canAnswer: true, snippetCopied: false },
  }),
  "first-run-signed-out": (now) =>
    trouble(
      { kind: "signedOut" },
      {
        codex: signedOut(now),
        quota: [],
        clients: [],
        firstRun: { codexFound: true, canAnswer: false, snippetCopied: false },
      },
    ),
  "no-codex": () =>
    trouble(
      {
        kind: "codexMissing",
        searched: ["$PATH", "/usr/local/bin/codex", "/opt/homebrew/bin/codex", "~/.npm-global/bin/codex"],
      },
      {
        codex: null,
        quota: [],
        clients: [],
        firstRun: { codexFound: false, canAnswer: false, snippetCopied: false },
      },
    ),
  "signed-out": (now) => trouble({ kind: "signedOut" }, { codex: signedOut(now), quota: [] }),
  "sign-in-failed": (now) => ({
    ...trouble({ kind: "signedOut" }, { codex: signedOut(now), quota: [] }),
    signIn: {
      kind: "failed",
      message: "The sign-in failed: the login was denied. Try again, or run `codex login` in a terminal.",
    },
  }),
  "too-old": () =>
    trouble(
      { kind: "codexTooOld", version: "0.120.0", lacks: "thread/inject_items" },
      { codex: null, quota: [] },
    ),
  "port-taken": () =>
    trouble({ kind: "portTaken", port: 8000, holder: { name: "python3", pid: 4711 }, nextFree: 8001 }, OFF),
  keyring: () =>
    trouble(
      {
        kind: "keyring",
        message: "the local token can't be read or kept, because the keyring did not answer within 5 s",
      },
      { ...OFF, token: { masked: "••••••", place: "keyring" } },
    ),
  "token-lost": () =>
    trouble({ kind: "tokenLost" }, { ...OFF, token: { masked: "••••••", place: "keyring" } }),
  quota: (now) =>
    trouble(
      { kind: "quotaUsedUp", window: "5 h", resetsAtMs: now + 1.4 * HOUR },
      {
        quota: [
          { label: "5 h", ofSomeModels: false, usedPercent: 100, resetsAtMs: now + 1.4 * HOUR },
          { label: "week", ofSomeModels: false, usedPercent: 71, resetsAtMs: now + 98 * HOUR },
        ],
      },
    ),
  "many-limits": (now) => ({
    quota: [
      { label: "5 h", ofSomeModels: false, usedPercent: 62, resetsAtMs: now + 2.2 * HOUR },
      { label: "week", ofSomeModels: false, usedPercent: 91, resetsAtMs: now + 98 * HOUR },
      {
        label: "GPT-5.3-Codex-Spark, 5 h",
        ofSomeModels: true,
        usedPercent: 4,
        resetsAtMs: now + 4.5 * HOUR,
      },
      {
        label: "GPT-5.3-Codex-Spark, week",
        ofSomeModels: true,
        usedPercent: 12,
        resetsAtMs: now + 499 * HOUR,
      },
    ],
  }),
  crashed: () =>
    trouble(
      { kind: "codexStopped", attempt: 2, message: "Codex ended unexpectedly" },
      { switch: "starting", codex: null, quota: [] },
    ),
  config: () =>
    trouble(
      {
        kind: "config",
        message: "~/.config/codex-gateway/config.json, line 3: expected a number for `port`",
      },
      OFF,
    ),
  "config-while-on": () =>
    trouble({
      kind: "config",
      message: "~/.config/codex-gateway/config.json, line 3: expected a number for `port`",
    }),
  demo: (now) => {
    const codex = healthy(now).codex;
    return { demo: true, quota: [], codex: codex && { ...codex, account: { kind: "notNeeded" } } };
  },
  leaks: (now) => {
    const codex = healthy(now).codex;
    const leaks = [
      "~/.codex/AGENTS.md (1,204 bytes) is added to every prompt; a Codex home of its own avoids it.",
    ];
    return { codex: codex && { ...codex, leaks } };
  },
};

export const settings: SettingsView = {
  port: 8000,
  startAtLaunch: true,
  startAtLogin: false,
  clickToggles: true,
  reasoningEffort: null,
  ignoreUnsupportedParameters: false,
  modelAliases: { "gpt-4o": "gpt-5.5", "*": "gpt-6-luna" },
  maxBodyBytes: 64 << 20,
  maxActiveTurns: 16,
  turnTimeoutSeconds: 600,
  idleTimeoutSeconds: 600,
  allowedOrigins: ["http://localhost:3000"],
  responseHistory: "memory",
  logText: false,
  notifications: { trouble: true, quota: true, refusedClients: true, signIn: false },
  configPath: "~/.config/codex-gateway/config.json",
  fixed: {},
  warnings: [],
  efforts: ["low", "medium", "high"],
  platform: "linux",
};

/** As long as those that Rust makes. */
export const TOKEN = "codex-gateway-local-Zk3vQ8mT1xYb7LwR0aB1cD2eF3gH4iJ5kL6mN7o3f9a";

/** What Rust says, all of it. */
export const snippets: Snippet[] = written;
