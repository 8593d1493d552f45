// The programs under test, as child processes.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** A child process that says in one line of JSON that it is ready. */
export class Program {
  #child;
  #exit;
  #log = "";

  /** Resolves once the program is ready, and rejects with its log if it never gets there. */
  static async start(command, args, env) {
    const program = new Program(command, args, env);
    try {
      program.ready = await program.#firstLine(60_000);
    } catch (error) {
      program.signal("SIGKILL");
      throw error;
    }
    return program;
  }

  constructor(command, args, env) {
    this.name = path.basename(command);
    this.#child = spawn(command, args, { cwd: env.HOME, env, stdio: "pipe" });
    this.#exit = once(this.#child, "exit");
    // A program that cannot be started has no exit; `firstLine` reports it.
    this.#exit.catch(() => {});
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#log = (this.#log + text).slice(-8_000);
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** The last 8,000 characters of its stderr. */
  get log() {
    return this.#log;
  }

  signal(name) {
    this.#child.kill(name);
  }

  /** Closes its stdin, which ends the model, and rejects unless it ends in time and of its own accord. */
  async endsCleanly(milliseconds = 10_000) {
    this.#child.stdin.end();
    const tooLate = setTimeout(() => this.#child.kill("SIGKILL"), milliseconds);
    const [status, signal] = await this.#exit;
    clearTimeout(tooLate);
    if (status !== 0) throw new Error(`${this.name} ended with ${status ?? signal}:\n${this.#log}`);
  }

  async #firstLine(milliseconds) {
    const tooLate = setTimeout(() => this.#child.kill("SIGKILL"), milliseconds);
    const lines = readline.createInterface({ input: this.#child.stdout });
    try {
      const [line] = await Promise.race([once(lines, "line"), this.#exit.then(() => [])]);
      if (line === undefined) throw new Error(`${this.name} ended before it was ready:\n${this.#log}`);
      return JSON.parse(line);
    } finally {
      clearTimeout(tooLate);
    }
  }
}

/** No variable of whoever runs the tests comes in, save those that programs need to run, or to be measured. */
export function environment(home, extra = {}) {
  const env = { HOME: home, XDG_RUNTIME_DIR: home };
  for (const name of ["PATH", "LANG", "LC_ALL", "TMPDIR", "RUST_BACKTRACE", "RUST_LOG", "LLVM_PROFILE_FILE"]) {
    if (name in process.env) env[name] = process.env[name];
  }
  for (const kind of ["cache", "config", "data", "state"]) {
    env[`XDG_${kind.toUpperCase()}_HOME`] = path.join(home, kind);
  }
  return { ...env, ...extra };
}

/** The program that the variable names, else the one of the debug build. */
export function builtProgram(variable, name) {
  return process.env[variable] ?? path.join(ROOT, "target/debug", name);
}

/** The real Codex that is tested against: the one named by the environment, else the pinned one. */
export function codexBinary() {
  if (process.env.CODEX_GATEWAY_CODEX) return process.env.CODEX_GATEWAY_CODEX;
  const installed = path.join(ROOT, "node_modules/@openai");
  const files = readdirSync(installed, { recursive: true });
  const binary = files.find((file) => /^codex-.*\/vendor\/[^/]*\/bin\/codex$/.test(file));
  if (!binary) throw new Error("Codex is not installed here: run `make setup`");
  return path.join(installed, binary);
}
