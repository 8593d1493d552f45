// The models endpoint: Codex's own models, asked for without a turn.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import OpenAI from "openai";

import { MODEL, startStack } from "./support/gateway.js";

const stack = await startStack();
beforeEach(() => stack.model.reset());
after(() => stack.stop());

const client = stack.client();

test("the list holds the models of Codex", async () => {
  const models = [];
  for await (const model of client.models.list()) models.push(model);
  const ids = models.map((model) => model.id);
  assert.ok(ids.includes(MODEL));
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(models.every((model) => model.object === "model"));
  assert.deepEqual(await stack.model.requests(), []);
});

test("a model can be retrieved", async () => {
  const { data } = await client.models.list();
  for (const listed of data) assert.deepEqual(await client.models.retrieve(listed.id), listed);
});

test("an unknown model is not found, and the answer says what there is", async () => {
  const { data } = await client.models.list();
  await assert.rejects(client.models.retrieve("gpt-0"), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.deepEqual([error.code, error.param], ["model_not_found", "model"]);
    return data.every((model) => error.message.includes(model.id));
  });
});
