// The Vercel AI SDK, used as its own documentation shows it: its default provider, which speaks the Responses API, and
// the two that speak chat completions.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

import { MODEL, startStack } from "./support/gateway.js";

const stack = await startStack();
beforeEach(() => stack.model.reset());
after(() => stack.stop());

const { baseURL, token: apiKey } = stack;
const providers = {
  "openai responses": createOpenAI({ baseURL, apiKey })(MODEL),
  openai: createOpenAI({ baseURL, apiKey }).chat(MODEL),
  "openai-compatible": createOpenAICompatible({
    name: "codex-gateway",
    baseURL,
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  })(MODEL),
};

const ADA = '{"name": "Ada", "age": 36}';
const person = z.object({ name: z.string().describe("The first name"), age: z.number().int() });

const getWeather = tool({
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `It is sunny in ${city}.`,
});

for (const [name, model] of Object.entries(providers)) {
  const options = { model, maxRetries: 0 };

  describe(name, () => {
    test("generates text", async () => {
      const usage = { input_tokens: 11, output_tokens: 7 };
      await stack.model.default({ steps: [{ text: "pong" }], usage });
      const answer = await generateText({ ...options, system: "Be brief.", prompt: "Say pong" });
      assert.equal(answer.text, "pong");
      assert.equal(answer.finishReason, "stop");
      assert.deepEqual([answer.usage.inputTokens, answer.usage.outputTokens], [11, 7]);
      assert.deepEqual(answer.warnings ?? [], []);
      assert.deepEqual(await said(), ["Be brief.", "Say pong"]);
    });

    test("streams text", async () => {
      await stack.model.text("po", "ng");
      const answer = streamText({ ...options, prompt: "Say pong" });
      const deltas = [];
      for await (const delta of answer.textStream) deltas.push(delta);
      assert.deepEqual(deltas, ["po", "ng"]);
      assert.equal(await answer.finishReason, "stop");
      assert.ok((await answer.usage).outputTokens > 0);
      assert.deepEqual(await said(), ["Say pong"]);
    });

    test("generates an object", async () => {
      await stack.model.text(ADA);
      const { object } = await generateObject({ ...options, schema: person, prompt: "Who is it?" });
      assert.deepEqual(object, { name: "Ada", age: 36 });
      await hasSchema();
    });

    test("streams an object", async () => {
      await stack.model.text(ADA.slice(0, 15), ADA.slice(15));
      const output = Output.object({ schema: person });
      const answer = streamText({ ...options, output, prompt: "Who is it?" });
      assert.deepEqual(await answer.output, { name: "Ada", age: 36 });
      await hasSchema();
    });

    for (const [kind, run] of Object.entries({ "one piece": generateText, "a stream": streamText })) {
      test(`calls a tool and answers with its result, in ${kind}`, async () => {
        const call = { name: "getWeather", arguments: '{"city":"Oslo"}', call_id: "call_1" };
        await stack.model.push({ steps: [{ function_call: call }] });
        await stack.model.push({ steps: [{ text: "Take sunglasses." }] });
        const prompt = "What is the weather in Oslo?";
        const answer = await run({ ...options, tools: { getWeather }, stopWhen: stepCountIs(3), prompt });
        assert.equal(await answer.text, "Take sunglasses.");
        const [{ toolCalls, finishReason }] = await answer.steps;
        assert.equal(finishReason, "tool-calls");
        assert.deepEqual([toolCalls[0].toolCallId, toolCalls[0].input], ["call_1", { city: "Oslo" }]);
        assert.deepEqual(await said(), [prompt, call.arguments, "It is sunny in Oslo."]);
      });
    }

    test("is made to call a tool", async () => {
      await stack.model.text('{"city": "Oslo"}');
      const tools = { getWeather };
      const answer = await generateText({ ...options, tools, toolChoice: "required", prompt: "Oslo?" });
      assert.deepEqual(answer.toolResults[0].output, "It is sunny in Oslo.");
    });
  });
}

describe("openai responses alone", () => {
  const model = createOpenAI({ baseURL, apiKey })(MODEL);
  const thought = { reasoning: { summary: [["Let me think."]], encrypted_content: "opaque" } };
  const call = { function_call: { name: "getWeather", arguments: '{"city":"Oslo"}', call_id: "call_1" } };

  for (const store of [true, false]) {
    test(`its reasoning comes back to the model, ${store ? "by reference" : "encrypted"}`, async () => {
      await stack.model.push({ steps: [thought, call] });
      await stack.model.push({ steps: [{ text: "Take sunglasses." }] });
      const include = ["reasoning.encrypted_content"];
      const answer = streamText({
        model,
        maxRetries: 0,
        tools: { getWeather },
        stopWhen: stepCountIs(3),
        prompt: "Oslo?",
        providerOptions: { openai: { store, reasoningSummary: "auto", ...(store ? {} : { include }) } },
      });
      assert.equal(await answer.text, "Take sunglasses.");
      const [{ reasoningText }] = await answer.steps;
      assert.equal(reasoningText, "Let me think.");
      const [, reasoning] = await stack.model.conversation();
      assert.deepEqual([reasoning.type, reasoning.encrypted_content], ["reasoning", "opaque"]);
    });
  }

  test("goes on from a response that the gateway keeps", async () => {
    const first = await generateText({ model, prompt: "one" });
    const previousResponseId = first.providerMetadata.openai.responseId;
    await generateText({ model, prompt: "two", providerOptions: { openai: { previousResponseId } } });
    assert.deepEqual(await said(), ["one", "You said: one", "two"]);
  });

  test("hears of an error in mid-stream", async () => {
    await stack.model.default({ steps: [{ message: { deltas: ["po"], unfinished: true } }], end: "cut" });
    const errors = [];
    const answer = streamText({ model, maxRetries: 0, prompt: "hi", onError: ({ error }) => errors.push(error) });
    const deltas = [];
    await assert.rejects(async () => {
      for await (const part of answer.fullStream) {
        if (part.type === "text-delta") deltas.push(part.text);
        if (part.type === "error") throw part.error;
      }
    });
    assert.deepEqual(deltas, ["po"]);
    assert.equal(errors.length, 1);
  });
});

/** What was said, called and returned in the conversation that the model was last given. */
async function said() {
  const items = await stack.model.conversation();
  return items.map((item) => item.content?.[0].text ?? item.arguments ?? item.output);
}

async function hasSchema() {
  const { text } = (await stack.model.requests()).at(-1).body;
  assert.equal(text.format.schema.properties.name.description, "The first name");
}
