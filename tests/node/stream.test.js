// Streamed chat completions, whole and broken off by either side.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import OpenAI from "openai";

import { MODEL, startStack } from "./support/gateway.js";

const stack = await startStack();
beforeEach(() => stack.model.reset());
after(() => stack.stop());

const client = stack.client();
const question = { model: MODEL, messages: [{ role: "user", content: "Say pong" }] };
const ask = (options = {}, request = {}) =>
  client.chat.completions.create({ ...question, stream: true, ...options }, request);

/** A message that is begun and never ended. */
const hang = { steps: [{ message: { deltas: ["po"], unfinished: true } }], end: "hang" };

async function chunksOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test("the chunks of an answer belong together", async () => {
  await stack.model.text("po", "ng");
  const chunks = await chunksOf(await ask());
  for (const field of ["id", "created", "model", "object"]) {
    assert.equal(new Set(chunks.map((chunk) => chunk[field])).size, 1, field);
  }
  assert.match(chunks[0].id, /^chatcmpl-/);
  assert.equal(chunks[0].model, MODEL);
  assert.equal(chunks[0].object, "chat.completion.chunk");
  const choices = chunks.map((chunk) => chunk.choices[0]);
  assert.deepEqual(
    choices.map((choice) => choice.delta),
    [{ role: "assistant", content: "" }, { content: "po" }, { content: "ng" }, {}],
  );
  assert.deepEqual(
    choices.map((choice) => choice.finish_reason),
    [null, null, null, "stop"],
  );
  assert.ok(chunks.every((chunk) => !("usage" in chunk)));
});

test("usage comes last where it is asked for, and is null before", async () => {
  await stack.model.default({ steps: [{ text: "pong" }], usage: { input_tokens: 11, output_tokens: 7 } });
  const chunks = await chunksOf(await ask({ stream_options: { include_usage: true } }));
  const last = chunks.pop();
  assert.deepEqual(last.choices, []);
  assert.equal(last.usage.total_tokens, 18);
  assert.ok(chunks.every((chunk) => chunk.usage === null && chunk.choices.length === 1));
});

test("the stream helper of the SDK puts the answer together", async () => {
  await stack.model.text("po", "ng");
  const runner = client.chat.completions.stream(question);
  const deltas = [];
  runner.on("content", (delta) => deltas.push(delta));
  const completion = await runner.finalChatCompletion();
  assert.equal(deltas.join(""), "pong");
  assert.equal(completion.choices[0].message.content, "pong");
  assert.equal(completion.choices[0].finish_reason, "stop");
});

test("a failure in the middle is an error after the words that came", async () => {
  const step = { message: { deltas: ["po", "ng"], unfinished: true } };
  await stack.model.default({ steps: [step], end: "cut" });
  const words = [];
  await assert.rejects(
    async () => {
      for await (const chunk of await ask()) words.push(chunk.choices[0].delta.content);
    },
    (error) => error instanceof OpenAI.APIError && error.code === "stream_disconnected",
  );
  assert.deepEqual(words, ["", "po", "ng"]);
});

test("aborting a stream stops the model", async () => {
  await stack.model.default(hang);
  const controller = new AbortController();
  const stream = await ask({}, { signal: controller.signal });
  const words = [];
  // The SDK ends the loop in silence when its own caller has aborted.
  for await (const chunk of stream) {
    words.push(chunk.choices[0].delta.content);
    if (words.length === 2) controller.abort();
  }
  assert.deepEqual(words, ["", "po"]);
  await theModelWasStopped();
});

test("leaving the loop over a stream stops the model", async () => {
  await stack.model.default(hang);
  for await (const _ of await ask()) break;
  await theModelWasStopped();
});

test("aborting a whole answer stops the model", async () => {
  await stack.model.default(hang);
  const controller = new AbortController();
  const answer = client.chat.completions.create(question, { signal: controller.signal });
  const rejected = assert.rejects(answer, OpenAI.APIUserAbortError);
  await stack.model.waitFor(1);
  controller.abort();
  await rejected;
  await theModelWasStopped();
});

async function theModelWasStopped() {
  const [request] = await stack.model.waitFor(1, "ended");
  assert.equal(request.ended.how, "closed by client");
  await stack.model.reset();
  const completion = await client.chat.completions.create(question);
  assert.equal(completion.choices[0].message.content, "You said: Say pong");
}
