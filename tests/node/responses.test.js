// The Responses API with the official SDK.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

import { MODEL, startStack } from "./support/gateway.js";

const stack = await startStack();
const client = stack.client();
beforeEach(() => stack.model.reset());
after(() => stack.stop());

const CALL = { name: "get_weather", arguments: '{"city":"Oslo"}', call_id: "call_1" };
const THOUGHT = { reasoning: { summary: [["Hm."]], encrypted_content: "opaque" } };
const tools = [
  {
    type: "function",
    name: "get_weather",
    strict: true,
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
  },
];

test("a response is created, found again, listed and deleted", async () => {
  const response = await client.responses.create({ model: MODEL, input: "Say pong", instructions: "Be brief." });
  assert.equal(response.output_text, "You said: Say pong");
  assert.deepEqual(await said(), ["Be brief.", "Say pong"]);

  const found = await client.responses.retrieve(response.id);
  assert.deepEqual(found.output, response.output);
  const input = [];
  for await (const item of client.responses.inputItems.list(response.id)) input.push(item.content[0].text);
  assert.deepEqual(input, ["Say pong"]);
  await assert.rejects(client.responses.cancel(response.id), OpenAI.BadRequestError);
  await client.responses.delete(response.id);
  await assert.rejects(client.responses.retrieve(response.id), OpenAI.NotFoundError);
});

test("a response is streamed, and streamed again from anywhere", async () => {
  await stack.model.text("po", "ng");
  const events = [];
  for await (const event of await client.responses.create({ model: MODEL, input: "hi", stream: true })) {
    events.push(event);
  }
  assert.deepEqual(
    events.map((event) => event.type),
    [
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ],
  );
  const options = { stream: true, starting_after: 7 };
  const rest = [];
  for await (const event of await client.responses.retrieve(events[0].response.id, options)) rest.push(event.type);
  assert.deepEqual(rest, ["response.completed"]);
});

test("a conversation with a tool goes on", async () => {
  await stack.model.push({ steps: [THOUGHT, { function_call: CALL }] });
  await stack.model.push({ steps: [{ text: "It is sunny." }] });
  const stream = client.responses.stream({ model: MODEL, input: "Oslo?", tools });
  const first = await stream.finalResponse();
  assert.equal(first.output.at(-1).arguments, CALL.arguments);
  const second = await client.responses.create({
    model: MODEL,
    previous_response_id: first.id,
    input: [{ type: "function_call_output", call_id: "call_1", output: "Sunny" }],
    tools,
  });
  assert.equal(second.output_text, "It is sunny.");
  assert.deepEqual(await said(), ["Oslo?", CALL.arguments, "Sunny"]);
});

test("a format is kept and parsed", async () => {
  await stack.model.text('{"name": "Ada", "age": 36}');
  const person = z.object({ name: z.string(), age: z.number() });
  const response = await client.responses.parse({
    model: MODEL,
    input: "Who?",
    text: { format: zodTextFormat(person, "person") },
  });
  assert.deepEqual(response.output_parsed, { name: "Ada", age: 36 });
});

test("an error in mid-stream is thrown", async () => {
  await stack.model.default({ steps: [{ message: { deltas: ["po"], unfinished: true } }], end: "cut" });
  await assert.rejects(async () => {
    for await (const _ of await client.responses.create({ model: MODEL, input: "hi", stream: true }));
  }, OpenAI.APIError);
});

/** What was said, called and returned in the conversation that the model was last given. */
async function said() {
  const items = (await stack.model.conversation()).filter((item) => item.type !== "reasoning");
  return items.map((item) => item.content?.[0].text ?? item.arguments ?? item.output);
}
