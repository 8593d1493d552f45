// The model behind Codex: `scripted-model`, over its control requests. The crate says what a script holds.

import { builtProgram, environment, Program } from "./program.js";

export class ScriptedModel {
  #program;

  static async start(home) {
    const model = new ScriptedModel();
    const binary = builtProgram("SCRIPTED_MODEL_BIN", "scripted-model");
    model.#program = await Program.start(binary, [], environment(home));
    return model;
  }

  /** Answers every request that finds no pushed script. */
  async default(script) {
    await this.#call("PUT", "/default", script);
  }

  /** Answers one request, after those that were pushed before. */
  async push(script) {
    await this.#call("POST", "/push", script);
  }

  /** Answers every request with one message of these deltas. */
  async text(...deltas) {
    await this.default({ steps: [{ message: { deltas } }] });
  }

  /** What the model was asked since the last reset, oldest first: `body`, `headers`, `path`, `ended`, … */
  async requests() {
    return (await (await this.#call("GET", "/requests")).json()).requests;
  }

  /** What the model was last given to answer, less the ids that Codex makes up. */
  async conversation() {
    const request = (await this.requests()).at(-1);
    return request.body.input.map(({ id: _, ...item }) => item);
  }

  /** The requests, once `count` of them have `"arrived"` or `"ended"`. */
  async waitFor(count, until = "arrived", milliseconds = 10_000) {
    const query = new URLSearchParams({ wait: count, until, timeout_ms: milliseconds });
    return (await (await this.#call("GET", `/requests?${query}`)).json()).requests;
  }

  /** No script left, no request seen: from here on it repeats what the user says. */
  async reset() {
    await this.default({ steps: [{ echo: {} }] });
    await this.#call("DELETE", "/queue");
    await this.#call("DELETE", "/requests");
  }

  /** The `config.toml` that makes Codex ask this model. */
  async codexConfig() {
    return (await this.#call("GET", "/config.toml")).text();
  }

  async stop() {
    await this.#program.endsCleanly();
  }

  async #call(method, path, body) {
    const url = this.#program.ready.control_url + path;
    const response = await fetch(url, { method, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}
