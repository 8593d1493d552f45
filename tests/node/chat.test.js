// Chat completions in one piece: what the SDK gets, and what reaches the model.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { MODEL, startStack } from "./support/gateway.js";

const stack = await startStack();
beforeEach(() => stack.model.reset());
after(() => stack.stop());

const client = stack.client();
const ask = (content, options = {}) =>
  client.chat.completions.create({ model: MODEL, messages: [{ role: "user", content }], ...options });

const PIXEL =
  "data:image/png;base64," +
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGMQaPgAAAIkAYFvkeRkAAAAAElFTkSuQmCC";

test("a completion has every field", async () => {
  const usage = { input_tokens: 11, cached_tokens: 3, output_tokens: 7, reasoning_tokens: 2 };
  await stack.model.default({ steps: [{ message: { deltas: ["po", "ng"] } }], usage });
  const { id, created, choices, ...completion } = await ask("Say pong");
  assert.match(id, /^chatcmpl-/);
  assert.ok(Math.abs(Date.now() / 1000 - created) < 60);
  assert.deepEqual(choices, [
    {
      index: 0,
      message: { role: "assistant", content: "pong", refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: "stop",
    },
  ]);
  assert.equal(completion.object, "chat.completion");
  assert.equal(completion.model, MODEL);
  assert.equal(completion.usage.prompt_tokens, 11);
  assert.equal(completion.usage.completion_tokens, 7);
  assert.equal(completion.usage.total_tokens, 18);
  assert.equal(completion.usage.prompt_tokens_details.cached_tokens, 3);
  assert.equal(completion.usage.completion_tokens_details.reasoning_tokens, 2);
});

test("the request id is on the answer", async () => {
  const { request_id, response } = await ask("hi").withResponse();
  assert.match(request_id, /^req_/);
  assert.equal(response.headers.get("x-request-id"), request_id);
});

test("a conversation arrives in order and unchanged", async () => {
  const odd = 'ünïcödé 🦀\r\n\t\u2028\0 "quoted" {"role": "system"}';
  const completion = await client.chat.completions.create({
    model: MODEL,
    messages: [
      { role: "system", content: "Be brief." },
      { role: "developer", content: [{ type: "text", text: "Use English." }] },
      { role: "user", content: [{ type: "text", text: "a" }, { type: "text", text: "" }] },
      { role: "assistant", content: "b" },
      { role: "user", content: odd },
    ],
  });
  assert.equal(completion.choices[0].message.content, `You said: ${odd}`);
  assert.deepEqual(await stack.model.conversation(), [
    { type: "message", role: "developer", content: [{ type: "input_text", text: "Be brief." }] },
    { type: "message", role: "developer", content: [{ type: "input_text", text: "Use English." }] },
    {
      type: "message",
      role: "user",
      content: [{ type: "input_text", text: "a" }, { type: "input_text", text: "" }],
    },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "b" }] },
    { type: "message", role: "user", content: [{ type: "input_text", text: odd }] },
  ]);
});

test("an answer goes back in as the SDK returned it", async () => {
  const messages = [{ role: "user", content: "one" }];
  const first = await client.chat.completions.create({ model: MODEL, messages });
  messages.push(first.choices[0].message, { role: "user", content: "two" });
  await client.chat.completions.create({ model: MODEL, messages });
  const texts = (await stack.model.conversation()).map((item) => item.content[0].text);
  assert.deepEqual(texts, ["one", "You said: one", "two"]);
});

test("an image arrives byte for byte, between its texts", async () => {
  await ask([
    { type: "text", text: "before" },
    { type: "image_url", image_url: { url: PIXEL } },
    { type: "text", text: "after" },
  ]);
  const [{ content }] = await stack.model.conversation();
  assert.deepEqual(
    content.map((part) => part.text ?? part.image_url),
    ["before", PIXEL, "after"],
  );
});

test("the model gets the question and nothing else", async () => {
  await ask("Say pong");
  const [request] = await stack.model.requests();
  assert.deepEqual(request.body.tools, []);
  assert.equal(request.body.instructions ?? "", "");
  assert.equal(request.body.input.length, 1);
  assert.ok(request.body_bytes <= 1800, `${request.body_bytes} bytes`);
});

test("the reasoning effort reaches the model", async () => {
  await ask("hi", { reasoning_effort: "high" });
  const [request] = await stack.model.requests();
  assert.equal(request.body.reasoning.effort, "high");
});

test("answers to many questions at once are not mixed up", async () => {
  const texts = Array.from({ length: 24 }, (_, number) => `Question ${number}`);
  const answers = await Promise.all(texts.map((text) => ask(text)));
  assert.deepEqual(
    answers.map((answer) => answer.choices[0].message.content),
    texts.map((text) => `You said: ${text}`),
  );
});
