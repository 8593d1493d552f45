// The stack that the tests talk to, with nothing in it faked but the model:
//
//     OpenAI SDK ──▶ codex-gateway ──▶ real Codex ──▶ scripted-model
//
// The same as tests/python/stack.py. A test file begins with
//
//     const stack = await startStack();
//     beforeEach(() => stack.model.reset());
//     after(() => stack.stop());

import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import OpenAI from "openai";

import { ScriptedModel } from "./model.js";
import { builtProgram, codexBinary, environment, Program } from "./program.js";

/** The model that is asked where a test names none: one of those that Codex itself brings. */
export const MODEL = "gpt-5.5";

/** Starts the model and the gateway before it. Resolves when Codex is ready. */
export async function startStack() {
  const folder = mkdtempSync(path.join(tmpdir(), "codex-gateway-test-"));
  const stack = new Stack(folder);
  try {
    await stack.start();
  } catch (error) {
    await stack.stop().catch(() => {});
    throw error;
  }
  return stack;
}

class Stack {
  #folder;
  #gateway;

  constructor(folder) {
    this.#folder = folder;
  }

  async start() {
    this.model = await ScriptedModel.start(this.#folder);

    const codexHome = path.join(this.#folder, ".codex");
    mkdirSync(codexHome);
    writeFileSync(path.join(codexHome, "config.toml"), await this.model.codexConfig());
    const config = path.join(this.#folder, "gateway.json");
    writeFileSync(config, JSON.stringify({ token: `test-${randomUUID()}` }), { mode: 0o600 });
    this.#gateway = await Program.start(
      builtProgram("CODEX_GATEWAY_BIN", "codex-gateway"),
      ["serve", "--port", "0", "--config", config, "--json"],
      environment(this.#folder, { CODEX_HOME: codexHome, CODEX_GATEWAY_CODEX: codexBinary() }),
    );
  }

  /** Ends in `/v1`. */
  get baseURL() {
    return this.#gateway.ready.base_url;
  }

  get token() {
    return this.#gateway.ready.token;
  }

  /** The end of what the gateway wrote to stderr. */
  get log() {
    return this.#gateway.log;
  }

  /** An OpenAI client for the gateway. It does not retry, so that a test sees every answer. */
  client(options = {}) {
    const defaults = { baseURL: this.baseURL, apiKey: this.token, maxRetries: 0, timeout: 60_000 };
    return new OpenAI({ ...defaults, ...options });
  }

  /** Ends both programs, and rejects if one of them does not end cleanly. */
  async stop() {
    try {
      this.#gateway?.signal("SIGTERM");
      await this.#gateway?.endsCleanly();
    } finally {
      await this.model?.stop();
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}
