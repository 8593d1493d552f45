import { describe, expect, test } from "vitest";

import { recordOf } from "../../mock/requests";
import { limitName } from "../../src/lib/condition";
import { ago, bytes, duration, ordinal, plural, resetTime, shortVersion, until } from "../../src/lib/format";
import { highlight } from "../../src/lib/highlight";
import { cureLabel, endpointOf, outcomeOf } from "../../src/lib/record";
import { latest, pathOf, trends } from "../../src/lib/series";

const MINUTE = 60_000;
const now = new Date(2026, 10, 20, 14, 0, 0).getTime();
const record = (rest = {}) => recordOf({ id: "r", time_ms: now, ...rest });

describe("figures", () => {
  test.each([
    [412, "412 ms"],
    [1240, "1.2 s"],
    [34_400, "34 s"],
    [125_000, "2 min 5 s"],
    [1_200_000, "20 min"],
  ])("%i ms lasts %s", (ms, words) => expect(duration(ms)).toBe(words));

  test.each([
    [4_000, "just now"],
    [30_000, "30 s ago"],
    [2 * MINUTE, "2 min ago"],
    [120 * MINUTE, "2 h ago"],
    [26 * 60 * MINUTE, "1 day 2 h ago"],
  ])("%i ms back is %s", (ms, words) => expect(ago(now - ms, now)).toBe(words));

  test("a reset today names the time, a later one the day too", () => {
    expect(resetTime(now + 160 * MINUTE, now)).toBe("at 16:40");
    expect(resetTime(now + 19 * 60 * MINUTE, now)).toBe("tomorrow at 09:00");
    expect(resetTime(now + 72 * 60 * MINUTE, now)).toBe("on Monday at 14:00");
    expect(resetTime(now + 7 * 24 * 60 * MINUTE, now)).toBe("on 27 November at 14:00");
    expect(until(now + 134 * MINUTE, now)).toBe("2 h 14 min");
    expect(until(now - MINUTE, now)).toBe("1 min");
  });

  test("counts, sizes, ordinals and versions", () => {
    expect([plural(1, "request"), plural(1200, "request")]).toEqual(["1 request", "1,200 requests"]);
    expect([bytes(812), bytes(4000), bytes(134_217_728)]).toEqual(["812 B", "3.9 KiB", "128 MiB"]);
    expect([1, 2, 3, 4, 11, 22].map(ordinal)).toEqual(["1st", "2nd", "3rd", "4th", "11th", "22nd"]);
    expect([shortVersion("0.169.0"), shortVersion("0.169.2")]).toEqual(["0.169", "0.169.2"]);
  });
});

test.each([
  ["5 h", "5-hour"],
  ["week", "weekly"],
  ["30 days", "30-day"],
  ["account", "account"],
  ["GPT-5.3-Codex-Spark, week", "GPT-5.3-Codex-Spark, weekly"],
])("the limit of %s is called %s", (label, name) => expect(limitName(label)).toBe(name));

describe("requests", () => {
  test("a caller that hung up has not failed; an error within a stream has", () => {
    expect(outcomeOf(record({ status: 499 }))).toBe("hung up");
    expect(outcomeOf(record({ error: { message: "no", code: null, param: null } }))).toBe("failed");
    expect(outcomeOf(record({ status: 429 }))).toBe("failed");
    expect(outcomeOf(record())).toBe("succeeded");
  });

  test.each([
    ["/v1/chat/completions", "chat"],
    ["/v1/responses/resp_1", "responses"],
    ["/v1/models", "models"],
    ["/healthz", "/healthz"],
  ])("%s is %s", (path, word) => expect(endpointOf(record({ path }))).toBe(word));

  test("every cure has words", () => {
    expect(cureLabel({ kind: "addModelAlias", name: "gpt-4o", model: "gpt-5.5" })).toBe(
      "Answer gpt-4o with gpt-5.5",
    );
    expect(cureLabel({ kind: "raiseBodyLimit", bytes: 128 << 20 })).toBe("Allow requests of 128 MiB");
    expect(cureLabel({ kind: "raiseTurnTimeout", seconds: 1200 })).toBe("Allow answers to take 20 min");
  });
});

describe("lines over time", () => {
  const views = [5 * MINUTE, 2 * MINUTE, 90_000, 1000].map((back, i) => ({
    record: record({ time_ms: now - back, duration_ms: 100 * (i + 1) }),
    cure: null,
  }));

  test("each minute has its requests, median latency and tokens", () => {
    const { requests, latency, tokens } = trends(views, now, 4);
    expect(requests).toEqual([0, 1, 1, 1]);
    expect(latency).toEqual([null, 200, 300, 400]);
    expect(tokens).toEqual([0, 1391, 1391, 1391]);
    expect(latest([1, 2, null])).toBe(2);
  });

  test("a line goes through the figures that there are", () => {
    expect(pathOf([0, null, 10], 100, 20)).toBe("M0.0 20.0L100.0 0.0");
    expect(pathOf([null, 5, null], 100, 20)).toBe("M50.0 0.0h0");
    expect(pathOf([null, null], 100, 20)).toBe("");
  });
});

test("highlighting loses nothing", () => {
  const code = `import "a" # said\nx = 'it\\'s' # not "this"`;
  const spans = highlight(code, "python");
  expect(spans.map((span) => span.text).join("")).toBe(code);
  expect(spans.filter((span) => span.kind !== "plain").map((span) => [span.kind, span.text])).toEqual([
    ["keyword", "import"],
    ["string", '"a"'],
    ["comment", "# said"],
    ["string", "'it\\'s'"],
    ["comment", '# not "this"'],
  ]);
});
