// Made by `make generate` from the types in crates/desktop/src/view. Not to be edited.

/** How many requests are kept. */
export const REQUESTS_KEPT = 1000;

export type AccountView = { "kind": "signedIn", method: string, plan: string | null, } | { "kind": "signedOut" } | { "kind": "notNeeded" };

export type AppState = { switch: Switch, 
/**
 * How many requests are running now.
 */
running: number, 
/**
 * Where the gateway listens, or would.
 */
baseUrl: string, token: TokenView, 
/**
 * What keeps the gateway from answering, if anything does.
 */
trouble: Trouble | null, 
/**
 * Whether answers come from the demo's script.
 */
demo: boolean, 
/**
 * `None` until Codex has been brought up.
 */
codex: CodexView | null, 
/**
 * A sign-in that was begun here, until it has succeeded.
 */
signIn: SignInState | null, quota: Array<QuotaWindow>, 
/**
 * The programs that asked since the start, most requests first.
 */
clients: Array<ClientCount>, 
/**
 * `None` once the person has been through it.
 */
firstRun: FirstRun | null, 
/**
 * The application's own version.
 */
version: string, };

export type ClientCount = { 
/**
 * Such as `openai-python/3.54.0`.
 */
name: string, requests: number, };

export type CodexView = { path: string, version: string, account: AccountView, 
/**
 * What reaches the model beside the caller's messages, in words.
 */
leaks: Array<string>, 
/**
 * The models, as Codex lists them.
 */
models: Array<string>, };

export type CopyTarget = { "what": "baseUrl" } | { "what": "token" } | { "what": "snippet", id: string, } | { "what": "curl", requestId: string, } | { "what": "record", requestId: string, } | { "what": "signInUrl" } | { "what": "signInCode" };

export type Cure = { "kind": "ignoreUnsupportedParameters" } | { "kind": "addModelAlias", name: string, model: string, } | { "kind": "raiseBodyLimit", bytes: number, } | { "kind": "raiseTurnTimeout", seconds: number, } | { "kind": "signIn" };

export type ExportedFile = { path: string, 
/**
 * How many are in it.
 */
requests: number, };

export type Failure = { message: string, code: string | null, param: string | null, };

export type FirstRun = { codexFound: boolean, 
/**
 * Signed in, or the demo is on.
 */
canAnswer: boolean, snippetCopied: boolean, };

export type Milestone = "admitted" | "thread" | "continued" | "turn_started" | "first_delta" | "tool_calls" | "retry" | "turn_completed";

export type NotificationKinds = { trouble: boolean, quota: boolean, refusedClients: boolean, signIn: boolean, };

export type Parameters = { honoured: Array<string>, 
/**
 * Accepted because they ask for nothing.
 */
neutral: Array<string>, 
/**
 * Left out because the settings say so; the answer named them too.
 */
ignored: Array<string>, refused: Array<string>, };

export type PortHolder = { name: string, pid: number, };

export type PromptBytes = { sent: number, received: number, };

export type QuotaWindow = { 
/**
 * Such as `5 h` or `week`, or `account` where its length is not known; after the limit's name where only some models
 * have it.
 */
label: string, 
/**
 * Whether only some models count towards it.
 */
ofSomeModels: boolean, 
/**
 * From 0 to 100.
 */
usedPercent: number, resetsAtMs: number | null, };

export type Record = { 
/**
 * The same as the answer's `x-request-id`.
 */
id: string, 
/**
 * When it came, in milliseconds since 1970.
 */
time_ms: number, 
/**
 * The program that asked, as far as it names itself.
 */
client: string, method: string, path: string, model_asked: string | null, 
/**
 * The name that Codex was given.
 */
model_used: string | null, stream: boolean, 
/**
 * The HTTP status; 499 where the caller hung up before the end.
 */
status: number, first_token_ms: number | null, duration_ms: number, tokens: Tokens | null, parameters: Parameters, prompt: PromptBytes | null, 
/**
 * What happened in the session layer, in order.
 */
timeline: Array<Step>, 
/**
 * Why it failed, if it did; within a stream, too.
 */
error: Failure | null, text: Text | null, };

export type RequestView = { record: Record, cure: Cure | null, };

export type ResponseHistory = "off" | "memory" | "disk";

export type SettingChange = { "setting": "port", "value": number } | { "setting": "startAtLaunch", "value": boolean } | { "setting": "startAtLogin", "value": boolean } | { "setting": "clickToggles", "value": boolean } | { "setting": "reasoningEffort", "value": string | null } | { "setting": "ignoreUnsupportedParameters", "value": boolean } | { "setting": "modelAliases", "value": { [key in string]: string } } | { "setting": "maxActiveTurns", "value": number } | { "setting": "turnTimeoutSeconds", "value": number } | { "setting": "idleTimeoutSeconds", "value": number } | { "setting": "allowedOrigins", "value": Array<string> } | { "setting": "responseHistory", "value": ResponseHistory } | { "setting": "logText", "value": boolean } | { "setting": "notifications", "value": NotificationKinds };

export type SettingsView = { port: number, startAtLaunch: boolean, startAtLogin: boolean, 
/**
 * Whether a click on the icon starts and stops; only macOS tells of such clicks.
 */
clickToggles: boolean, 
/**
 * `None` for the model's own.
 */
reasoningEffort: string | null, ignoreUnsupportedParameters: boolean, modelAliases: { [key in string]: string }, maxBodyBytes: number, maxActiveTurns: number, 
/**
 * How long a whole answer may take.
 */
turnTimeoutSeconds: number, 
/**
 * How long Codex may say nothing of an answer.
 */
idleTimeoutSeconds: number, 
/**
 * Web pages that may use the gateway, such as `http://localhost:3000`.
 */
allowedOrigins: Array<string>, responseHistory: ResponseHistory, logText: boolean, notifications: NotificationKinds, 
/**
 * Where the configuration file is.
 */
configPath: string, 
/**
 * Settings that can't be changed here, by their names here, and what fixes them: a variable of the environment, or an
 * option of the command line.
 */
fixed: { [key in string]: string }, 
/**
 * What is in the configuration file and means nothing, in words.
 */
warnings: Array<string>, 
/**
 * The efforts that some model of Codex knows.
 */
efforts: Array<string>, platform: string, };

export type SignIn = { 
/**
 * The page to open, which the desktop has already opened in the browser where `user_code` is `None`.
 */
url: string, 
/**
 * The code to enter there, in a sign-in by device code.
 */
userCode: string | null, };

export type SignInState = { "kind": "waiting" } & SignIn | { "kind": "failed", message: string, };

export type Snippet = { 
/**
 * Such as `python`, `notebook`, `node`, `curl`, `environment`, `langchain`, `ai-sdk`.
 */
id: string, label: string, 
/**
 * `python`, `javascript`, `shell`, `yaml` or `text`.
 */
language: string, 
/**
 * With the token masked.
 */
text: string, 
/**
 * What one must know of this client, such as that it can't reach this machine.
 */
note: string | null, };

export type Step = { name: Milestone, at_ms: number, };

export type Switch = "off" | "starting" | "on";

export type Text = { prompt: string, answer: string, };

export type TokenPlace = "keyring" | "file" | "environment" | "memory";

export type TokenView = { 
/**
 * Such as `codex-gateway-local-••••••3f9a`.
 */
masked: string, place: TokenPlace, };

export type Tokens = { input: number, cached: number, output: number, reasoning: number, 
/**
 * Whether they are no counts: the caller hung up before there were any, and the lengths of the texts tell about how
 * many it must have been.
 */
estimated: boolean, };

export type Trouble = { "kind": "codexMissing", searched: Array<string>, } | { "kind": "codexTooOld", version: string, lacks: string, } | { "kind": "codexStopped", attempt: number, message: string, } | { "kind": "signedOut" } | { "kind": "portTaken", port: number, holder: PortHolder | null, nextFree: number | null, } | { "kind": "keyring", message: string, } | { "kind": "tokenLost" } | { "kind": "quotaUsedUp", window: string, resetsAtMs: number | null, } | { "kind": "config", message: string, } | { "kind": "other", message: string, };

export type TryAnswer = { model: string, text: string, firstTokenMs: number | null, durationMs: number, inputTokens: number, cachedTokens: number, outputTokens: number, };
