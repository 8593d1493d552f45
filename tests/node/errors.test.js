// What goes wrong, as the SDK sees it.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import OpenAI from "openai";

import { MODEL, startStack } from "./support/gateway.js";

const stack = await startStack();
beforeEach(() => stack.model.reset());
after(() => stack.stop());

const client = stack.client();
const ask = (options = {}, by = client) =>
  by.chat.completions.create({ model: MODEL, messages: [{ role: "user", content: "hi" }], ...options });

test("an unknown model is not found", async () => {
  const error = await errorOf(ask({ model: "gpt-0" }), OpenAI.NotFoundError);
  assert.deepEqual([error.status, error.code, error.param], [404, "model_not_found", "model"]);
});

test("a wrong key is an authentication error", async () => {
  for (const apiKey of ["wrong", "sk-proj-0123456789"]) {
    const stranger = stack.client({ apiKey });
    const list = () => stranger.models.list();
    for (const attempt of [list, () => ask({}, stranger), () => ask({ stream: true }, stranger)]) {
      const error = await errorOf(attempt(), OpenAI.AuthenticationError);
      assert.deepEqual([error.type, error.code], ["authentication_error", "invalid_api_key"]);
      assert.match(error.requestID, /^req_/);
    }
  }
  assert.deepEqual(await stack.model.requests(), []);
});

test("what Codex cannot honour is refused by name", async () => {
  const error = await errorOf(ask({ temperature: 0 }), OpenAI.BadRequestError);
  assert.deepEqual([error.code, error.param], ["unsupported_feature", "temperature"]);
  assert.deepEqual(await stack.model.requests(), []);
});

for (const stream of [false, true]) {
  const kind = stream ? "a stream" : "a whole answer";

  test(`a rate limit of the provider is one for ${kind}`, async () => {
    await stack.model.default({ status: 429, body: { error: { message: "slow", type: "rate_limit_error" } } });
    const error = await errorOf(ask({ stream }), OpenAI.RateLimitError);
    assert.deepEqual([error.type, error.code], ["rate_limit_error", "rate_limit_exceeded"]);
    assert.equal(error.headers.get("retry-after"), "10");
    assert.equal(error.headers.get("x-should-retry"), null);
  });

  test(`a quota that is used up is no use trying again for ${kind}`, async () => {
    const error = { type: "usage_limit_reached", message: "used up", resets_at: 4_000_000_000 };
    await stack.model.default({ status: 429, body: { error } });
    const raised = await errorOf(ask({ stream }, stack.client({ maxRetries: 5 })), OpenAI.RateLimitError);
    assert.equal(raised.code, "insufficient_quota");
    assert.equal(raised.headers.get("x-should-retry"), "false");
    assert.equal((await stack.model.requests()).length, 1);
  });
}

test("the SDK tries again where that helps", async () => {
  await stack.model.push({ status: 500, body: { error: { message: "once" } } });
  const completion = await ask({}, stack.client({ maxRetries: 2 }));
  assert.equal(completion.choices[0].message.content, "You said: hi");
  assert.equal((await stack.model.requests()).length, 2);
});

/** The error that a promise rejects with, which is of this class. */
async function errorOf(promise, kind) {
  const error = await promise.then(
    () => assert.fail("there was no error"),
    (error) => error,
  );
  assert.ok(error instanceof kind, `${error}`);
  return error;
}
