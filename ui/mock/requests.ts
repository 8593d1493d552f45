import type { Cure, Record as RequestRecord, RequestView } from "../src/lib/ipc";

/** A request that went well, with what differs. */
export function recordOf(rest: Partial<RequestRecord> & { id: string; time_ms: number }): RequestRecord {
  return {
    client: "openai-python/3.54.0",
    method: "POST",
    path: "/v1/chat/completions",
    model_asked: "gpt-5.5",
    model_used: "gpt-5.5",
    stream: true,
    status: 200,
    first_token_ms: 412,
    duration_ms: 1240,
    tokens: { input: 1204, cached: 1024, output: 187, reasoning: 64, estimated: false },
    parameters: {
      honoured: ["messages", "model", "stream", "response_format", "max_completion_tokens"],
      neutral: ["temperature", "n"],
      ignored: [],
      refused: [],
    },
    prompt: { sent: 4812, received: 4812 },
    timeline: [
      { name: "admitted", at_ms: 2 },
      { name: "thread", at_ms: 9 },
      { name: "turn_started", at_ms: 31 },
      { name: "first_delta", at_ms: 412 },
      { name: "turn_completed", at_ms: 1236 },
    ],
    error: null,
    text: null,
    ...rest,
  };
}

const ignoreCure: Cure = { kind: "ignoreUnsupportedParameters" };

/** Ways in which requests come out, taken in turn. */
const kinds: ((at: number) => { rest: Partial<RequestRecord>; cure?: Cure })[] = [
  () => ({ rest: {} }),
  (at) => ({
    rest: { client: "openai-node/6.49.0", first_token_ms: 320 + (at % 90), duration_ms: 2300 + (at % 900) },
  }),
  () => ({
    rest: {
      path: "/v1/responses",
      model_asked: "gpt-4o",
      model_used: "gpt-5.5",
      stream: false,
      first_token_ms: null,
    },
  }),
  (at) => ({
    rest: {
      duration_ms: 800 + (at % 4000),
      tokens: { input: 96, cached: 0, output: 11 + (at % 50), reasoning: 0, estimated: false },
    },
  }),
  () => ({
    rest: {
      status: 400,
      model_used: null,
      first_token_ms: null,
      duration_ms: 3,
      tokens: null,
      prompt: null,
      timeline: [],
      parameters: { honoured: ["messages", "model"], neutral: ["n"], ignored: [], refused: ["temperature"] },
      error: {
        message:
          "`temperature` is supported only with its default value, 1: the model behind Codex has no such setting.",
        code: "unsupported_feature",
        param: "temperature",
      },
    },
    cure: ignoreCure,
  }),
  () => ({
    rest: {
      client: "curl/8.14.1",
      method: "GET",
      path: "/v1/models",
      model_asked: null,
      model_used: null,
      stream: false,
      first_token_ms: null,
      duration_ms: 1,
      tokens: null,
      prompt: null,
      timeline: [],
      parameters: { honoured: [], neutral: [], ignored: [], refused: [] },
    },
  }),
  () => ({
    rest: {
      client: "langchain-openai/1.1.0",
      model_used: "gpt-6-luna",
      model_asked: "gpt-6-luna",
      duration_ms: 14_200,
    },
  }),
  () => ({ rest: { status: 499, duration_ms: 640 } }),
  () => ({
    rest: {
      client: "openai-node/6.49.0",
      status: 502,
      error: {
        message: "What was asked for did not come: the answer isn't valid by the schema `Invoice`.",
        code: "invalid_output",
        param: null,
      },
    },
  }),
];

/** `count` requests up to `now`, oldest first. */
export function history(count: number, now: number): RequestView[] {
  return Array.from({ length: count }, (_, i) => next(i, now - (count - i) * 11_000 - ((i * 7919) % 8000)));
}

/** One more request. */
export function next(serial: number, time: number): RequestView {
  const kind = kinds[(serial * 5 + (serial >> 3)) % kinds.length];
  const { rest, cure = null } = kind?.(serial * 37) ?? { rest: {} };
  return {
    record: recordOf({ id: `req_${(0x5f3a10 + serial * 7).toString(16)}`, time_ms: time, ...rest }),
    cure,
  };
}
