import { app } from "./app.svelte";
import type { AppState, QuotaWindow, Trouble } from "./ipc";
import { ipc } from "./ipc";
import { say } from "./say.svelte";
import { ordinal, plural, resetTime, shortVersion } from "./format";
import { beginSignIn } from "./signin";

/** Something that can be done about a condition. */
export interface Offer {
  label: string;
  /** What is asked before, in place, where it can't be undone; `yes` does it. */
  asks?: { question: string; yes: string };
  run: () => Promise<unknown>;
}

/** A condition that a person should know of, in words, with what can be done. */
export interface Notice {
  tone: "amber" | "quiet";
  /** Tells it from others; the words may change while it stays the same. */
  id: string;
  /** What stands between backticks is code. */
  words: string;
  /** What is only of use to someone who looks closer. */
  details: string[];
  /** The best one first. */
  offers: Offer[];
}

/** Whether the trouble keeps it from answering: while it is on, a file that can't be used leaves all as it was. */
const answers = ({ trouble }: AppState) => trouble === null || trouble.kind === "config";

/** The few words beside the switch. */
export function stateWords(state: AppState): string {
  switch (state.switch) {
    case "off":
      return "Off. Nothing is listening.";
    case "starting":
      return "Starting Codex…";
    case "on":
      return answers(state) ? "On." : "On, but it can't answer.";
  }
}

/** What follows them. It changes too often to be spoken. */
export function runningWords(state: AppState): string | null {
  const shown = state.switch === "on" && answers(state) && state.running > 0;
  return shown ? `${plural(state.running, "request")} running.` : null;
}

/** What stands under the header line: the trouble, if there is one, else what the demo means. */
export function noticeOf(state: AppState, now: number): Notice | null {
  if (state.trouble) return troubleNotice(state.trouble, state.switch !== "off", now);
  if (state.demo && state.switch !== "off") {
    return {
      tone: "quiet",
      id: "demo",
      words: "On, with the demo model: answers are scripted.",
      details: [],
      offers: [SIGN_IN, { label: "Leave the demo", run: ipc.stopDemo }],
    };
  }
  return null;
}

const UNITS: { [unit: string]: string } = { min: "minute", h: "hour", days: "day" };

/** `5-hour` of `5 h`, `weekly` of `week`, `Spark, weekly` of `Spark, week`. */
export function limitName(label: QuotaWindow["label"]): string {
  const [, limit = "", span = label] = /^(.*, )?(.*)$/.exec(label) ?? [];
  const [, length, unit = ""] = /^(\d+) (\w+)$/.exec(span) ?? [];
  const name = length ? `${length}-${UNITS[unit] ?? unit}` : { day: "daily", week: "weekly" }[span];
  return limit + (name ?? span);
}

/** What screen readers are told of a notice. */
export const spokenWords = (notice: Notice): string => notice.words.replaceAll("`", "");

/** Makes of a command that starts the gateway one that fails only where the state doesn't show why. */
export function starting(command: () => Promise<unknown>): () => Promise<void> {
  return async () => {
    try {
      await command();
    } catch (error) {
      const { state } = app;
      const notice = state?.switch === "off" && state.trouble ? noticeOf(state, Date.now()) : null;
      if (!notice) throw error;
      say.aloud(spokenWords(notice));
    }
  };
}

const SIGN_IN: Offer = { label: "Sign in", run: () => beginSignIn(false) };
const DEMO: Offer = { label: "Try the demo", run: starting(ipc.startDemo) };
const TRY_AGAIN: Offer = { label: "Try again", run: starting(ipc.startGateway) };

function troubleNotice(trouble: Trouble, isOn: boolean, now: number): Notice {
  const amber = (words: string, offers: Offer[], details: string[] = []): Notice => ({
    tone: "amber",
    id: idOf(trouble),
    words,
    details,
    offers,
  });
  switch (trouble.kind) {
    case "codexMissing":
      return amber(
        "Codex isn't installed, or not where I looked.",
        [
          { label: "How to install", run: () => ipc.openHelp("install-codex") },
          { label: "Choose…", run: ipc.chooseCodex },
          DEMO,
        ],
        trouble.searched,
      );
    case "signedOut":
      return amber("Codex isn't signed in.", [SIGN_IN, DEMO]);
    case "codexTooOld":
      return amber(`Codex ${shortVersion(trouble.version)} lacks ${trouble.lacks}.`, [
        { label: "How to update", run: () => ipc.openHelp("update-codex") },
      ]);
    case "portTaken": {
      const { port, holder, nextFree } = trouble;
      const by = holder ? `\`${holder.name}\` (pid ${holder.pid})` : "another program";
      const move =
        nextFree === null ? [] : [{ label: `Use ${nextFree}`, run: starting(() => ipc.usePort(nextFree)) }];
      return amber(`Port ${port} is held by ${by}.`, [...move, TRY_AGAIN]);
    }
    case "keyring":
      return amber(
        "The keyring didn't answer.",
        [
          { label: "Unlock", run: ipc.retryKeyring },
          {
            label: "Make a new token, in a file",
            asks: {
              question: "Make a new token? Programs that have the old one stop working.",
              yes: "Make it",
            },
            run: ipc.keepTokenInFile,
          },
        ],
        [trouble.message],
      );
    case "tokenLost":
      return amber("The keyring no longer has the token.", [
        { label: "Make a new one", run: ipc.rotateToken },
      ]);
    case "quotaUsedUp": {
      const resets = trouble.resetsAtMs;
      const when = resets === null ? "" : `; it resets ${resetTime(resets, now)}`;
      return amber(`The ${limitName(trouble.window)} limit is used up${when}.`, []);
    }
    case "codexStopped":
      return amber(
        `Codex stopped unexpectedly; restarting (${ordinal(trouble.attempt)} try).`,
        [],
        [trouble.message],
      );
    case "config":
      return isOn
        ? amber("The config file can't be used; the settings before it still hold.", [], [trouble.message])
        : amber("The config file can't be used.", [TRY_AGAIN], [trouble.message]);
    case "other":
      return amber(trouble.message, [TRY_AGAIN]);
  }
}

/** Another attempt, or another reason, is no other trouble; another port, or another limit, is. */
function idOf(trouble: Trouble): string {
  switch (trouble.kind) {
    case "portTaken":
      return `${trouble.kind} ${trouble.port}`;
    case "quotaUsedUp":
      return `${trouble.kind} ${trouble.window}`;
    case "other":
      return trouble.message;
    default:
      return trouble.kind;
  }
}
