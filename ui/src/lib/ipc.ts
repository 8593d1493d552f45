// The one place that talks to Rust. Every call rejects with one sentence for a person, that says what to do.
import { invoke } from "@tauri-apps/api/core";
import { listen, type UnlistenFn } from "@tauri-apps/api/event";

import type {
  AppState,
  CopyTarget,
  Cure,
  ExportedFile,
  RequestView,
  SettingChange,
  SettingsView,
  Snippet,
  TryAnswer,
} from "../../../generated/window";

export type * from "../../../generated/window";

export type HelpTopic = "install-codex" | "update-codex";

export const ipc = {
  appState: () => invoke<AppState>("app_state"),
  startGateway: () => invoke<null>("start_gateway"),
  stopGateway: () => invoke<null>("stop_gateway"),
  startDemo: () => invoke<null>("start_demo"),
  stopDemo: () => invoke<null>("stop_demo"),
  usePort: (port: number) => invoke<null>("use_port", { port }),

  copy: (target: CopyTarget) => invoke<null>("copy", { target }),
  revealToken: () => invoke<string>("reveal_token"),
  rotateToken: () => invoke<null>("rotate_token"),
  keepTokenInFile: () => invoke<null>("keep_token_in_file"),
  retryKeyring: () => invoke<null>("retry_keyring"),

  snippets: () => invoke<Snippet[]>("snippets"),
  /** Its text comes in pieces by `onTryDelta` until it resolves. */
  tryIt: (prompt: string, model: string | null) => invoke<TryAnswer>("try_it", { prompt, model }),
  cancelTry: () => invoke<null>("cancel_try"),

  /** Oldest first. */
  requests: () => invoke<RequestView[]>("requests"),
  clearRequests: () => invoke<null>("clear_requests"),
  exportRequests: (ids: string[]) => invoke<ExportedFile>("export_requests", { ids }),
  applyCure: (cure: Cure) => invoke<null>("apply_cure", { cure }),

  /** How it goes, the state says. */
  signIn: (device: boolean) => invoke<null>("sign_in", { device }),
  openSignInPage: () => invoke<null>("open_sign_in_page"),
  cancelSignIn: () => invoke<null>("cancel_sign_in"),

  settings: () => invoke<SettingsView>("settings"),
  changeSetting: (change: SettingChange) => invoke<SettingsView>("change_setting", { change }),
  chooseCodex: () => invoke<null>("choose_codex"),
  openHelp: (topic: HelpTopic) => invoke<null>("open_help", { topic }),
  firstRunDone: () => invoke<null>("first_run_done"),

  onState: (heard: (state: AppState) => void) => on("state", heard),
  onRequests: (heard: (requests: RequestView[]) => void) => on("requests", heard),
  onSettings: (heard: (settings: SettingsView) => void) => on("settings", heard),
  onTryDelta: (heard: (piece: string) => void) => on("try-delta", heard),
};

/** What a rejected call says. */
export function sentence(error: unknown): string {
  if (typeof error === "string") return error;
  return error instanceof Error ? error.message : "That didn't work, and no reason was given.";
}

function on<T>(event: string, heard: (payload: T) => void): Promise<UnlistenFn> {
  return listen<T>(event, ({ payload }) => heard(payload));
}
