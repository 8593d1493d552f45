import type { AppState, Cure, Milestone, Record as RequestRecord, SettingsView, Tokens } from "./ipc";
import { ago, bytes, count, duration, exactTime, plural } from "./format";

/** How a request ended. A caller that hung up has not failed. */
export type Outcome = "succeeded" | "failed" | "hung up";

export function outcomeOf(record: RequestRecord): Outcome {
  if (record.status === 499) return "hung up";
  return record.status >= 400 || record.error ? "failed" : "succeeded";
}

/** `chat`, `responses`, `models`: what was asked for, in a word. */
export function endpointOf(record: RequestRecord): string {
  const [first = record.path] = record.path.replace(/^\/v1\//, "").split("/");
  return first === "" ? record.path : first;
}

/** The model that was used, else the one that was asked for. */
export const modelOf = (record: RequestRecord): string | null => record.model_used ?? record.model_asked;

/** `openai-python` of `openai-python/3.54.0`. */
export const clientName = (client: string): string => client.split("/")[0] || "unknown";

/** `412 ms / 1.2 s`: to the first token and to the end. */
export function latencyOf(record: RequestRecord): string {
  const whole = duration(record.duration_ms);
  return record.first_token_ms === null ? whole : `${duration(record.first_token_ms)} / ${whole}`;
}

/** What the drawer tells first: names, values, and what hovering tells. */
export function factsOf(record: RequestRecord, now: number): [name: string, value: string, title?: string][] {
  const { model_asked: asked, tokens } = record;
  const model = modelOf(record);
  const streamed = record.stream && record.first_token_ms !== null ? ", streamed" : "";
  return [
    ["Came", ago(record.time_ms, now), exactTime(record.time_ms)],
    ["Client", record.client || "unnamed"],
    ...row("Model", model && asked && asked !== model ? `${model}, for ${asked}` : model),
    [record.first_token_ms === null ? "Took" : "First / all", latencyOf(record) + streamed],
    ...row("Tokens", tokens && `${tokensIn(tokens)}, ${tokensOut(tokens)}`),
    ["Id", record.id],
  ];
}

/** What a cure's button says. */
export function cureLabel(cure: Cure): string {
  switch (cure.kind) {
    case "ignoreUnsupportedParameters":
      return "Ignore such parameters from now on";
    case "addModelAlias":
      return `Answer ${cure.name} with ${cure.model}`;
    case "raiseBodyLimit":
      return `Allow requests of ${bytes(cure.bytes)}`;
    case "raiseTurnTimeout":
      return `Allow answers to take ${duration(cure.seconds * 1000)}`;
    case "signIn":
      return "Sign in";
  }
}

/** Whether what a cure sets holds already: then such a request passes. */
export function holds(cure: Cure, settings: SettingsView, state: AppState): boolean {
  switch (cure.kind) {
    case "ignoreUnsupportedParameters":
      return settings.ignoreUnsupportedParameters;
    case "addModelAlias":
      return cure.name in settings.modelAliases || "*" in settings.modelAliases;
    case "raiseBodyLimit":
      return settings.maxBodyBytes >= cure.bytes;
    case "raiseTurnTimeout":
      return settings.turnTimeoutSeconds >= cure.seconds;
    case "signIn":
      return state.codex?.account.kind === "signedIn";
  }
}

export const MILESTONES: { [name in Milestone]: string } = {
  admitted: "Admitted",
  thread: "Thread ready",
  continued: "Thread continued",
  turn_started: "Turn started",
  first_delta: "First delta",
  tool_calls: "Tool calls",
  retry: "Tried again",
  turn_completed: "Turn completed",
};

const row = (name: string, value: string | null): [string, string][] => (value ? [[name, value]] : []);

const tokensIn = ({ input, cached, estimated }: Tokens) =>
  (estimated ? "about " : "") +
  plural(input, "token") +
  " in" +
  (cached > 0 ? ` (${count(cached)} cached)` : "");

const tokensOut = ({ output, reasoning }: Tokens) =>
  count(output) + " out" + (reasoning > 0 ? ` (${count(reasoning)} reasoning)` : "");
