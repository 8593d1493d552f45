import { fireEvent, screen, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { REQUESTS_KEPT } from "../../../generated/window";
import { history, next, recordOf } from "../../mock/requests";
import { settings } from "../../mock/state";
import type { Cure, RequestView, SettingsView } from "../../src/lib/ipc";
import { openWindow } from "./window";

const now = Date.now();
const list = () => screen.getByRole("listbox", { name: "Requests, newest first" });
const rows = () => within(list()).getAllByRole("option");
const drawer = () => screen.getByRole("complementary");

const one = (
  id: string,
  rest: Partial<RequestView["record"]> = {},
  cure: RequestView["cure"] = null,
): RequestView => ({
  record: recordOf({ id, time_ms: now, ...rest }),
  cure,
});

const refused = one(
  "req_refused",
  {
    status: 400,
    client: "openai-node/6.49.0",
    tokens: null,
    prompt: null,
    timeline: [],
    parameters: { honoured: ["messages"], neutral: ["n"], ignored: ["seed"], refused: ["temperature"] },
    error: { message: "`temperature` is refused.", code: "unsupported_feature", param: "temperature" },
  },
  { kind: "ignoreUnsupportedParameters" },
);

test("with nothing yet, one sentence and the Python snippet", async () => {
  const { user, rust } = await openWindow({ place: "requests" });
  expect(await screen.findByText("No request has come yet; these lines send one.")).toBeVisible();
  await user.click(await screen.findByRole("button", { name: "Copy" }));
  expect(rust).toHaveBeenCalledWith("copy", { target: { what: "snippet", id: "python" } });
});

test("a row says it all in one line", async () => {
  await openWindow({ place: "requests", requests: [one("req_1", { model_asked: "gpt-4o" })] });
  await screen.findByRole("listbox");
  const [row] = rows();
  expect(row).toHaveTextContent(
    /^\d\d:\d\d:\d\d openai-python chat ?gpt-5.5 200, succeeded 412 ms \/ 1.2 s 1,204 → 187 tokens$/,
  );
  expect(row).toHaveAccessibleName(
    /openai-python chat ?gpt-5.5 200 ?, succeeded 412 ms \/ 1.2 s 1,204 → 187 tokens$/,
  );
});

test("of a thousand rows only those in sight are in the page", async () => {
  await openWindow({ place: "requests", requests: history(1000, now) });
  await screen.findByRole("listbox");
  expect(rows().length).toBeLessThan(60);
  expect(rows()[0]).toHaveAttribute("aria-posinset", "1");
  expect(rows()[0]).toHaveAttribute("aria-setsize", "1000");

  list().scrollTop = 500 * 32;
  await fireEvent.scroll(list());
  expect(rows().length).toBeLessThan(60);
  const places = rows().map((row) => Number(row.getAttribute("aria-posinset")));
  expect(Math.min(...places)).toBeLessThanOrEqual(501);
  expect(Math.max(...places)).toBeGreaterThan(510);
});

test("no more are kept than Rust keeps, and the oldest go", async () => {
  const { tell } = await openWindow({ place: "requests", requests: history(REQUESTS_KEPT, now) });
  await screen.findByRole("listbox");
  await tell("requests", [one("req_a"), one("req_b")]);
  await expect.poll(() => rows()[0]?.id).toBe("request-req_b");
  expect(rows()[0]).toHaveAttribute("aria-setsize", String(REQUESTS_KEPT));
});

test("new ones come on top, and one that was told of twice is listed once", async () => {
  const { tell } = await openWindow({ place: "requests", requests: [one("req_1")] });
  await screen.findByRole("listbox");
  await tell("requests", [one("req_2"), one("req_3")]);
  await expect
    .poll(() => rows().map((row) => row.id))
    .toEqual(["request-req_3", "request-req_2", "request-req_1"]);
});

test("the rows stay under the pointer, and a chip says how many are new", async () => {
  const { user, tell } = await openWindow({ place: "requests", requests: [one("req_1")] });
  await screen.findByRole("listbox");
  await fireEvent.pointerEnter(list());
  await tell("requests", [one("req_2"), one("req_3")]);
  const chip = await screen.findByRole("button", { name: "2 new" });
  expect(rows().map((row) => row.id)).toEqual(["request-req_1"]);
  await user.click(chip);
  expect(rows().map((row) => row.id)).toEqual(["request-req_3", "request-req_2", "request-req_1"]);
  await tell("requests", [one("req_4")]);
  await fireEvent.pointerEnter(list());
  await fireEvent.pointerLeave(list());
  await expect.poll(() => rows()[0]?.id).toBe("request-req_4");
  expect(screen.queryByRole("button", { name: /new$/ })).toBeNull();
});

test("a scrolled list doesn't move either", async () => {
  const { tell } = await openWindow({ place: "requests", requests: history(200, now) });
  await screen.findByRole("listbox");
  list().scrollTop = 320;
  await fireEvent.scroll(list());
  const before = rows().map((row) => row.id);
  await tell("requests", [one("req_new")]);
  expect(await screen.findByRole("button", { name: "1 new" })).toBeVisible();
  expect(rows().map((row) => row.id)).toEqual(before);
});

test("pause holds the list until it goes on", async () => {
  const { user, tell } = await openWindow({ place: "requests", requests: [one("req_1")] });
  await screen.findByRole("listbox");
  const pause = screen.getByRole("button", { name: "Pause the list" });
  await user.click(pause);
  expect(pause).toHaveAttribute("aria-pressed", "true");
  await tell("requests", [one("req_2")]);
  expect(await screen.findByRole("button", { name: "1 new" })).toBeVisible();
  expect(rows()).toHaveLength(1);
  await user.click(pause);
  expect(rows()).toHaveLength(2);
});

test("a held list that is empty says how many wait, and shows them", async () => {
  const { user, tell } = await openWindow({ place: "requests", requests: [one("req_1")] });
  await screen.findByRole("listbox");
  await user.click(screen.getByRole("button", { name: "Pause the list" }));
  await user.click(screen.getByRole("button", { name: "Clear the list" }));
  await user.click(screen.getByRole("button", { name: "Forget them" }));
  await tell("requests", [one("req_2"), one("req_3"), one("req_4")]);
  expect(await screen.findByText("3 new are waiting.")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Show them" }));
  expect(rows()).toHaveLength(3);
});

test("the list is narrowed by text, status, client and model", async () => {
  const { user } = await openWindow({
    place: "requests",
    requests: [
      one("req_ok"),
      refused,
      one("req_gone", { status: 499 }),
      one("req_luna", { model_used: "gpt-6-luna", client: "curl/8.14.1" }),
    ],
  });
  await screen.findByRole("listbox");
  const ids = () => rows().map((row) => row.id.replace("request-req_", ""));

  await user.selectOptions(screen.getByLabelText("Status"), "Failed");
  expect(ids()).toEqual(["refused"]);
  await user.selectOptions(screen.getByLabelText("Status"), "Hung up");
  expect(ids()).toEqual(["gone"]);
  await user.selectOptions(screen.getByLabelText("Status"), "");
  await user.selectOptions(screen.getByLabelText("Client"), "curl");
  expect(ids()).toEqual(["luna"]);
  await user.selectOptions(screen.getByLabelText("Client"), "");
  await user.selectOptions(screen.getByLabelText("Model"), "gpt-5.5");
  expect(ids()).toEqual(["gone", "refused", "ok"]);
  await user.type(screen.getByLabelText("Filter by text"), "unsupported TEMPERATURE");
  expect(ids()).toEqual(["refused"]);
  await user.type(screen.getByLabelText("Filter by text"), " nowhere");
  expect(screen.getByText("No request is like that.")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Show all" }));
  expect(rows()).toHaveLength(4);
});

test("clearing asks once", async () => {
  const { user, rust } = await openWindow({ place: "requests", requests: [one("req_1"), one("req_2")] });
  await screen.findByRole("listbox");
  await user.click(screen.getByRole("button", { name: "Clear the list" }));
  expect(screen.getByRole("group", { name: "Forget all 2 requests?" })).toBeVisible();
  expect(screen.getByRole("button", { name: "Keep them" })).toHaveFocus();
  expect(rust).not.toHaveBeenCalledWith("clear_requests", expect.anything());
  await user.click(screen.getByRole("button", { name: "Forget them" }));
  expect(rust).toHaveBeenCalledWith("clear_requests", {});
  expect(await screen.findByText(/^No request has come yet/)).toBeVisible();
  expect(screen.getByRole("main")).toHaveFocus();
});

test("what is listed is exported, oldest first, and the file is named with what it holds", async () => {
  const { user, rust } = await openWindow({
    place: "requests",
    requests: [one("req_1"), refused, one("req_3")],
    commands: { export_requests: () => ({ path: "/home/me/requests.jsonl", requests: 1 }) },
  });
  await screen.findByRole("listbox");
  await user.selectOptions(screen.getByLabelText("Status"), "Succeeded");
  await user.click(screen.getByRole("button", { name: "Export as JSON lines" }));
  expect(rust).toHaveBeenCalledWith("export_requests", { ids: ["req_1", "req_3"] });
  expect(
    await screen.findByText("1 request written to /home/me/requests.jsonl", { selector: "p" }),
  ).toBeVisible();
});

test("by the keys: arrows choose, Enter opens, Esc closes and gives the focus back", async () => {
  const { user, spoken } = await openWindow({
    place: "requests",
    requests: [one("req_1"), one("req_2"), one("req_3")],
  });
  await screen.findByRole("listbox");
  list().focus();
  await user.keyboard("{ArrowDown}{ArrowDown}");
  expect(list()).toHaveAttribute("aria-activedescendant", "request-req_2");
  expect(screen.queryByRole("complementary")).toBeNull();
  await user.keyboard("{Enter}");
  expect(drawer()).toHaveAccessibleName("Request req_2");
  await expect.poll(spoken).toBe("Request 200, chat. Esc closes.");
  await user.keyboard("{ArrowDown}");
  expect(drawer()).toHaveAccessibleName("Request req_1");
  await user.keyboard("{Home}");
  expect(drawer()).toHaveAccessibleName("Request req_3");
  within(drawer()).getByRole("button", { name: "Close" }).focus();
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("complementary")).toBeNull();
  expect(list()).toHaveFocus();
});

test("Esc in the filter leaves the drawer open, and the focus where it is", async () => {
  const { user } = await openWindow({ place: "requests", requests: [one("req_1")] });
  await screen.findByRole("listbox");
  await user.click(rows()[0] as HTMLElement);
  const filter = screen.getByLabelText("Filter by text");
  await user.type(filter, "chat{Escape}");
  expect(drawer()).toBeVisible();
  expect(filter).toHaveFocus();
});

test("what was said is under a heading of its own", async () => {
  const said = { prompt: "Say pong", answer: "pong" };
  const { user } = await openWindow({ place: "requests", requests: [one("req_1", { text: said })] });
  await screen.findByRole("listbox");
  await user.click(rows()[0] as HTMLElement);
  const headings = within(drawer()).getAllByRole("heading", { level: 2 });
  expect(headings.map((heading) => heading.textContent)).toEqual([
    "Prompt size",
    "Parameters",
    "Timeline",
    "Prompt",
    "Answer",
  ]);
});

test("the drawer tells what became of the parameters, the prompt and the time", async () => {
  const { user, rust } = await openWindow({
    place: "requests",
    requests: [one("req_1", { model_asked: "gpt-4o", prompt: { sent: 4812, received: 6016 } })],
  });
  await screen.findByRole("listbox");
  await user.click(rows()[0] as HTMLElement);
  const within_ = within(drawer());
  expect(within_.getByText("gpt-5.5, for gpt-4o")).toBeVisible();
  expect(within_.getByText("412 ms / 1.2 s, streamed")).toBeVisible();
  expect(within_.getByText("1,204 tokens in (1,024 cached), 187 out (64 reasoning)")).toBeVisible();
  expect(within_.getByText("4,812 B")).toBeVisible();
  expect(within_.getByText("6,016 B")).toBeVisible();
  expect(within_.getByText("1,204 B more")).toBeVisible();
  expect(
    within_.getAllByRole("listitem").map((step) => step.textContent?.replace(/\s+/g, " ").trim()),
  ).toEqual([
    "Admitted 2 ms",
    "Thread ready 9 ms",
    "Turn started 31 ms",
    "First delta 412 ms",
    "Turn completed 1.2 s",
  ]);
  await user.click(within_.getByRole("button", { name: "Copy as curl" }));
  expect(rust).toHaveBeenCalledWith("copy", { target: { what: "curl", requestId: "req_1" } });
});

test("a failure is told with its cure, which applies with one press", async () => {
  const { user, rust } = await openWindow({ place: "requests", requests: [refused] });
  await screen.findByRole("listbox");
  await user.click(rows()[0] as HTMLElement);
  const trace = [...drawer().querySelectorAll("dt")]
    .filter((term) => ["Refused", "Ignored", "Honoured", "Neutral"].includes(term.textContent ?? ""))
    .map((term) => [term.textContent, term.nextElementSibling?.textContent?.trim()]);
  expect(trace).toEqual([
    ["Refused", "temperature"],
    ["Ignored", "seed"],
    ["Honoured", "messages"],
    ["Neutral", "n"],
  ]);
  expect(within(drawer()).getByRole("region", { name: "Error" })).toHaveTextContent(
    "temperature is refused.",
  );
  await user.click(screen.getByRole("button", { name: "Ignore such parameters from now on" }));
  expect(rust).toHaveBeenCalledWith("apply_cure", { cure: { kind: "ignoreUnsupportedParameters" } });
  expect(
    await screen.findByText("Applied. The next such request passes.", { selector: "aside p" }),
  ).toBeVisible();
});

test.each<[string, Cure, Partial<SettingsView>]>([
  [
    "Ignore such parameters from now on",
    { kind: "ignoreUnsupportedParameters" },
    { ignoreUnsupportedParameters: true },
  ],
  [
    "Answer o3 with gpt-5.5",
    { kind: "addModelAlias", name: "o3", model: "gpt-5.5" },
    { modelAliases: { o3: "mine" } },
  ],
  ["Allow requests of 128 MiB", { kind: "raiseBodyLimit", bytes: 128 << 20 }, { maxBodyBytes: 256 << 20 }],
  ["Allow answers to take 20 min", { kind: "raiseTurnTimeout", seconds: 1200 }, { turnTimeoutSeconds: 1200 }],
])("“%s” is offered only where it changes something", async (label, cure, since) => {
  const { user, tell } = await openWindow({
    place: "requests",
    requests: [{ ...refused, cure }],
    settings: { modelAliases: {} },
  });
  await screen.findByRole("listbox");
  await user.click(rows()[0] as HTMLElement);
  expect(screen.getByRole("button", { name: label })).toBeVisible();
  await tell("settings", { ...settings, ...since });
  expect(await screen.findByText("By now, the settings let such a request pass.")).toBeVisible();
  expect(screen.queryByRole("button", { name: label })).toBeNull();
});

test("who has signed in since is not asked to", async () => {
  const { user } = await openWindow({
    place: "requests",
    requests: [{ ...refused, cure: { kind: "signIn" } }],
  });
  await screen.findByRole("listbox");
  await user.click(rows()[0] as HTMLElement);
  expect(screen.getByText("Codex is signed in by now.")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Sign in" })).toBeNull();
});

test("the lines tell their figures to those who can't see them", async () => {
  await openWindow({
    place: "requests",
    requests: Array.from({ length: 12 }, (_, i) => next(i, Date.now() - 1000)),
  });
  await screen.findByRole("listbox");
  expect(
    screen.getByRole("img", { name: /^Requests over the last 30 minutes: at most 12\/min$/ }),
  ).toBeVisible();
});
