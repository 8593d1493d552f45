import { fireEvent, screen, within } from "@testing-library/svelte";
import { afterEach, expect, test, vi } from "vitest";

import { say } from "../../src/lib/say.svelte";
import { openWindow } from "./window";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const strip = () => screen.getByRole("region", { name: "What needs attention" });
const offers = () =>
  within(strip())
    .queryAllByRole("button")
    .map((button) => button.textContent?.trim());

test.each([
  ["off", "Off. Nothing is listening."],
  ["starting", "Starting Codex…"],
  ["on", "On."],
  ["busy", "On."],
])("%s is said in words, with nothing to worry about", async (scene, words) => {
  await openWindow({ scene });
  expect(screen.getByText(words)).toHaveAttribute("role", "status");
  expect(screen.queryByRole("region", { name: "What needs attention" })).toBeNull();
  expect(screen.getByRole("switch", { name: "Gateway" })).toHaveProperty("checked", scene !== "off");
});

test.each([
  [
    "no-codex",
    "Codex isn't installed, or not where I looked.",
    ["How to install", "Choose…", "Try the demo", "Details"],
  ],
  ["signed-out", "Codex isn't signed in.", ["Sign in", "Try the demo"]],
  ["too-old", "Codex 0.120 lacks thread/inject_items.", ["How to update"]],
  ["port-taken", "Port 8000 is held by python3 (pid 4711).", ["Use 8001", "Try again"]],
  ["keyring", "The keyring didn't answer.", ["Unlock", "Make a new token, in a file", "Details"]],
  ["token-lost", "The keyring no longer has the token.", ["Make a new one"]],
  ["crashed", "Codex stopped unexpectedly; restarting (2nd try).", ["Details"]],
  ["config", "The config file can't be used.", ["Try again", "Details"]],
  ["demo", "On, with the demo model: answers are scripted.", ["Sign in", "Leave the demo"]],
])("%s is said in words, with what can be done", async (scene, words, actions) => {
  await openWindow({ scene });
  expect(strip().querySelector("p")).toHaveTextContent(words);
  expect(offers()).toEqual(actions);
});

test("a limit that is used up says when it resets", async () => {
  await openWindow({ scene: "quota" });
  expect(strip()).toHaveTextContent(/^The 5-hour limit is used up; it resets (tomorrow )?at \d\d:\d\d\.$/);
});

test.each([
  ["no-codex", "How to install", "open_help", { topic: "install-codex" }],
  ["no-codex", "Choose…", "choose_codex", undefined],
  ["no-codex", "Try the demo", "start_demo", undefined],
  ["too-old", "How to update", "open_help", { topic: "update-codex" }],
  ["port-taken", "Use 8001", "use_port", { port: 8001 }],
  ["port-taken", "Try again", "start_gateway", undefined],
  ["keyring", "Unlock", "retry_keyring", undefined],
  ["token-lost", "Make a new one", "rotate_token", undefined],
  ["demo", "Leave the demo", "stop_demo", undefined],
  ["demo", "Sign in", "sign_in", { device: false }],
])("in %s, “%s” asks Rust for it", async (scene, action, command, args) => {
  const { user, rust } = await openWindow({
    scene,
    commands: { sign_in: () => ({ url: "https://x", userCode: null }) },
  });
  await user.click(within(strip()).getByRole("button", { name: action }));
  expect(rust).toHaveBeenCalledWith(command, args ?? {});
});

test("a file that can't be used changes nothing while the gateway is on", async () => {
  const { user } = await openWindow({ scene: "config-while-on", state: { running: 3 } });
  expect(screen.getByRole("banner")).toHaveTextContent("On. 3 requests running.");
  expect(strip().querySelector("p")).toHaveTextContent(
    "The config file can't be used; the settings before it still hold.",
  );
  expect(offers()).toEqual(["Details"]);
  await user.click(screen.getByRole("button", { name: "Details" }));
  expect(strip()).toHaveTextContent("line 3: expected a number");
});

test("what runs is no news to screen readers", async () => {
  await openWindow({ scene: "busy" });
  expect(screen.getByRole("banner")).toHaveTextContent("On. 3 requests running.");
  expect(screen.getByRole("status")).toHaveTextContent(/^On\.$/);
});

test("a token that the keyring keeps to itself is replaced only after one question", async () => {
  const { user, rust } = await openWindow({ scene: "keyring" });
  await user.click(screen.getByRole("button", { name: "Make a new token, in a file" }));
  const question = screen.getByRole("group", { name: /^Make a new token\?/ });
  expect(within(question).getByRole("button", { name: "Cancel" })).toHaveFocus();
  expect(rust).not.toHaveBeenCalledWith("keep_token_in_file", expect.anything());
  await user.click(within(question).getByRole("button", { name: "Make it" }));
  expect(rust).toHaveBeenCalledWith("keep_token_in_file", {});
});

test("the places that were searched are there for who looks closer", async () => {
  const { user } = await openWindow({ scene: "no-codex" });
  expect(screen.queryByText("/opt/homebrew/bin/codex")).toBeNull();
  const details = screen.getByRole("button", { name: "Details" });
  await user.click(details);
  expect(details).toHaveAttribute("aria-expanded", "true");
  expect(screen.getByText("/opt/homebrew/bin/codex")).toBeVisible();
});

test("details that are open stay so at the next attempt, with the focus", async () => {
  const { user, tell, state } = await openWindow({ scene: "crashed" });
  const details = screen.getByRole("button", { name: "Details" });
  await user.click(details);
  await tell("state", {
    ...state,
    trouble: { kind: "codexStopped", attempt: 3, message: "It ended again." },
  });
  expect(await screen.findByText("It ended again.")).toBeVisible();
  expect(strip()).toHaveTextContent("restarting (3rd try)");
  expect(details).toHaveFocus();
});

test("another trouble begins with its details closed", async () => {
  const { user, tell, state } = await openWindow({ scene: "crashed" });
  await user.click(screen.getByRole("button", { name: "Details" }));
  await tell("state", { ...state, trouble: { kind: "config", message: "line 3" } });
  expect(await screen.findByRole("button", { name: "Details" })).toHaveAttribute("aria-expanded", "false");
});

test.each([
  ["off", "Start", { switch: "starting" }],
  ["port-taken", "Use 8001", { switch: "starting", trouble: null }],
] as const)("in %s, “%s” goes, and leaves the focus to the place", async (scene, action, after) => {
  const { user, tell, state } = await openWindow({ scene });
  await user.click(screen.getByRole("button", { name: action }));
  await tell("state", { ...state, ...after });
  await expect.poll(() => screen.queryByRole("button", { name: action })).toBeNull();
  expect(screen.getByRole("main")).toHaveFocus();
});

test("trouble that comes is shown and spoken, and goes again", async () => {
  const { state, tell, spoken } = await openWindow();
  await tell("state", { ...state, trouble: { kind: "signedOut" } });
  await expect.poll(() => strip().textContent).toContain("Codex isn't signed in.");
  expect(screen.getByText("On, but it can't answer.")).toBeVisible();
  await expect.poll(spoken).toBe("Codex isn't signed in.");
  await tell("state", state);
  await expect.poll(() => screen.queryByRole("region", { name: "What needs attention" })).toBeNull();
});

test("the same trouble is spoken once, however long it lasts and whatever else changes", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const aloud = vi.spyOn(say, "aloud");
  const { state, tell } = await openWindow({ scene: "crashed" });
  for (let attempt = 3; attempt < 6; attempt++) {
    await vi.advanceTimersByTimeAsync(7_000);
    await tell("state", { ...state, trouble: { kind: "codexStopped", attempt, message: "It ended." } });
  }
  expect(strip()).toHaveTextContent("restarting (5th try)");
  expect(aloud.mock.calls).toEqual([["Codex stopped unexpectedly; restarting (2nd try)."]]);
  await tell("state", { ...state, trouble: { kind: "signedOut" } });
  await expect.poll(() => aloud.mock.lastCall).toEqual(["Codex isn't signed in."]);
});

test("with the demo on, what runs is not spoken of", async () => {
  const aloud = vi.spyOn(say, "aloud");
  const { state, tell } = await openWindow({ scene: "demo" });
  for (const running of [1, 2, 0]) await tell("state", { ...state, running });
  await expect.poll(() => aloud.mock.calls).toEqual([["On, with the demo model: answers are scripted."]]);
});

test("the switch shows what is, not what was asked for", async () => {
  const { user, rust, state, tell } = await openWindow({ scene: "off" });
  const gateway = screen.getByRole("switch", { name: "Gateway" });
  await user.click(gateway);
  expect(rust).toHaveBeenCalledWith("start_gateway", {});
  expect(gateway).not.toBeChecked();
  await tell("state", { ...state, switch: "on" });
  await expect.poll(() => gateway).toBeChecked();
});

test("a refused command says why until it is dismissed", async () => {
  const { user } = await openWindow({
    scene: "off",
    commands: { start_gateway: () => Promise.reject("The port can't be opened. Choose another one.") },
  });
  await user.click(screen.getByRole("button", { name: "Start" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("The port can't be opened. Choose another one.");
  await user.click(screen.getByRole("button", { name: "Dismiss" }));
  expect(screen.queryByRole("alert")).toBeNull();
});

test("what the state says already is not said twice", async () => {
  const taken = "Port 8000 is in use by `python3` (process 4711): stop that program, or choose another port.";
  const { user, rust, spoken } = await openWindow({
    scene: "port-taken",
    commands: { start_gateway: () => Promise.reject(taken), use_port: () => Promise.reject(taken) },
  });
  for (const action of [
    () => screen.getByRole("button", { name: "Try again" }),
    () => screen.getByRole("button", { name: "Use 8001" }),
    () => screen.getByRole("switch", { name: "Gateway" }),
  ]) {
    rust.mockClear();
    await user.click(action());
    await expect.poll(() => rust.mock.calls.length).toBeGreaterThan(0);
    expect(screen.queryByRole("alert")).toBeNull();
    await expect.poll(spoken).toBe("Port 8000 is held by python3 (pid 4711).");
  }
});

test("a refusal is gone once the gateway is switched, or something else is the matter", async () => {
  const { user, state, tell } = await openWindow({
    scene: "no-codex",
    commands: { choose_codex: () => Promise.reject("Not saved: `/x` can't be written.") },
  });
  const refuse = async () => {
    await user.click(screen.getByRole("button", { name: "Choose…" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("Not saved: /x can't be written.");
  };
  await refuse();
  await tell("state", { ...state, running: 1 });
  expect(screen.getByRole("alert")).toBeVisible();
  await tell("state", { ...state, switch: "off" });
  await expect.poll(() => screen.queryByRole("alert")).toBeNull();
  await refuse();
  await tell("state", { ...state, switch: "off", trouble: { kind: "signedOut" } });
  await expect.poll(() => screen.queryByRole("alert")).toBeNull();
});

test("Ctrl and a digit, and ⌘ and a digit, go to a place", async () => {
  const { user } = await openWindow();
  await user.keyboard("{Control>}3{/Control}");
  expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Account");
  expect(screen.getByRole("main")).toHaveFocus();
  expect(screen.getByRole("link", { name: "Account" })).toHaveAttribute("aria-current", "page");
  // A French keyboard's own sign on that key.
  await fireEvent.keyDown(window, { key: "&", code: "Digit1", ctrlKey: true });
  expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Connect");
  await user.keyboard("{Meta>}4{/Meta}");
  expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Settings");
  await user.keyboard("5");
  expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent("Settings");
});

test("the foot of the rail tells of Codex and its limits", async () => {
  await openWindow();
  expect(screen.getByText("Codex 0.171")).toBeVisible();
  expect(screen.getByText("signed in · Plus")).toBeVisible();
  expect(screen.getByRole("meter", { name: "5-hour limit used" })).toHaveAttribute("aria-valuetext", "62 %");
  expect(screen.getByText("62 %")).toBeVisible();
});
