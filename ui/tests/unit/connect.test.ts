import { screen, within } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { openWindow } from "./window";

const SECRET = "codex-gateway-local-Zk3vQ8mT1xYb7LwR3f9a";

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
});
afterEach(() => {
  vi.useRealTimers();
});

test("copying goes by name, says Copied for a second, and tells screen readers", async () => {
  const { user, rust, spoken } = await openWindow();
  await user.click(screen.getByRole("button", { name: "Copy the token" }));
  expect(rust).toHaveBeenCalledWith("copy", { target: { what: "token" } });
  expect(screen.getByText("Copied", { selector: ".bubble" })).toBeVisible();
  expect(spoken()).toBe("Copied");
  await vi.advanceTimersByTimeAsync(1100);
  expect(screen.queryByText("Copied", { selector: ".bubble" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "Copy the base URL" }));
  expect(rust).toHaveBeenCalledWith("copy", { target: { what: "baseUrl" } });
});

test("a copy that fails doesn't say Copied", async () => {
  const { user, spoken } = await openWindow({
    commands: { copy: () => Promise.reject("The clipboard can't be reached.") },
  });
  await user.click(screen.getByRole("button", { name: "Copy the token" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("The clipboard can't be reached.");
  expect(spoken()).toBe("");
});

test("the token is shown when asked for, and hides itself again", async () => {
  const { user } = await openWindow({ commands: { reveal_token: () => SECRET } });
  expect(document.body).not.toHaveTextContent(SECRET);
  await user.click(screen.getByRole("button", { name: "Show the token" }));
  expect(await screen.findByText(SECRET)).toBeVisible();
  await vi.advanceTimersByTimeAsync(10_100);
  expect(document.body).not.toHaveTextContent(SECRET);
  expect(screen.getByText("codex-gateway-local-••••••3f9a", { selector: ".token code" })).toBeVisible();
});

test("the token hides when the window is left", async () => {
  const { user } = await openWindow({ commands: { reveal_token: () => SECRET } });
  await user.click(screen.getByRole("button", { name: "Show the token" }));
  await screen.findByText(SECRET);
  window.dispatchEvent(new Event("blur"));
  await expect.poll(() => document.body.textContent).not.toContain(SECRET);
});

test("the token is replaced only after one question, in place", async () => {
  const { user, rust } = await openWindow();
  await user.click(screen.getByRole("button", { name: "Replace the token" }));
  const question = screen.getByRole("group", { name: /^Replace the token\?/ });
  expect(within(question).getByRole("button", { name: "Keep it" })).toHaveFocus();
  await user.keyboard("{Escape}");
  expect(question).not.toBeInTheDocument();
  expect(rust).not.toHaveBeenCalledWith("rotate_token", expect.anything());

  await user.click(screen.getByRole("button", { name: "Replace the token" }));
  await user.click(screen.getByRole("button", { name: "Replace" }));
  expect(rust).toHaveBeenCalledWith("rotate_token", {});
  await expect.poll(() => screen.queryByRole("group", { name: /^Replace/ })).toBeNull();
});

test("a token from the environment can't be replaced here", async () => {
  await openWindow({ state: { token: { masked: "••••3f9a", place: "environment" } } });
  expect(screen.getByText("From the environment")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Replace the token" })).toBeNull();
});

test("snippets are tabs: arrows choose, and honest notes stand below", async () => {
  const { user } = await openWindow();
  const python = await screen.findByRole("tab", { name: "Python" });
  expect(python).toHaveAttribute("aria-selected", "true");
  python.focus();
  await user.keyboard("{ArrowRight}");
  expect(screen.getByRole("tab", { name: "Notebook" })).toHaveFocus();
  expect(screen.getByRole("tabpanel")).toHaveTextContent(
    "a notebook in the cloud, such as Colab, can't reach the gateway",
  );
  await user.keyboard("{End}");
  expect(screen.getByRole("tab", { name: "Other programs" })).toHaveAttribute("aria-selected", "true");
  await user.keyboard("{ArrowRight}");
  expect(python).toHaveFocus();
});

test("a snippet is copied by its id, with one click or with Ctrl+C where it has the focus", async () => {
  const { user, rust, spoken } = await openWindow();
  await user.click(await screen.findByRole("tab", { name: "curl" }));
  await user.click(screen.getByRole("button", { name: "Copy" }));
  expect(rust).toHaveBeenCalledWith("copy", { target: { what: "snippet", id: "curl" } });
  rust.mockClear();
  screen.getByRole("region", { name: "curl snippet" }).focus();
  await user.keyboard("{Control>}c{/Control}");
  expect(rust).toHaveBeenCalledWith("copy", { target: { what: "snippet", id: "curl" } });
  await expect.poll(spoken).toBe("Copied");
});

test("Ctrl+C on selected text is left to the system", async () => {
  const { user, rust } = await openWindow();
  const code = await screen.findByRole("region", { name: "Python snippet" });
  code.focus();
  getSelection()?.selectAllChildren(code);
  await user.keyboard("{Control>}c{/Control}");
  expect(rust).not.toHaveBeenCalledWith("copy", expect.anything());
});

test("trying it shows the answer as it comes, then its figures", async () => {
  let finish = (_: unknown) => {};
  const { user, rust, tell, spoken } = await openWindow({
    commands: { try_it: () => new Promise((resolve) => (finish = resolve)) },
  });
  await user.selectOptions(screen.getByLabelText("Model"), "gpt-6-luna");
  await user.click(screen.getByRole("button", { name: "Send" }));
  expect(rust).toHaveBeenCalledWith("try_it", { prompt: "Say pong", model: "gpt-6-luna" });
  expect(screen.getByText("Waiting for the first token…")).toBeVisible();
  await tell("try-delta", "po");
  await tell("try-delta", "ng");
  expect(await screen.findByText("pong")).toBeVisible();
  finish({
    model: "gpt-6-luna",
    text: "pong",
    firstTokenMs: 412,
    durationMs: 1207,
    inputTokens: 11,
    cachedTokens: 3,
    outputTokens: 7,
  });
  expect(
    await screen.findByText("gpt-6-luna · first token 412 ms · 1.2 s · 11 → 7 tokens, 3 cached"),
  ).toBeVisible();
  await expect.poll(spoken).toBe("Answer: pong");
});

test("a try goes on while the person looks elsewhere, and is there when they come back", async () => {
  let finish = (_: unknown) => {};
  const { user, rust, tell } = await openWindow({
    commands: { try_it: () => new Promise((resolve) => (finish = resolve)) },
  });
  await user.click(await screen.findByRole("tab", { name: "curl" }));
  const prompt = screen.getByLabelText("Try it", { selector: "input" });
  await user.clear(prompt);
  await user.type(prompt, "Say ping");
  await user.click(screen.getByRole("button", { name: "Send" }));
  await tell("try-delta", "pi");
  await user.click(screen.getByRole("link", { name: "Requests" }));
  await screen.findByRole("heading", { level: 1, name: "Requests" });
  await tell("try-delta", "ng");
  expect(rust).not.toHaveBeenCalledWith("cancel_try", expect.anything());
  await user.click(screen.getByRole("link", { name: "Connect" }));
  expect(await screen.findByText("ping")).toBeVisible();
  expect(screen.getByRole("button", { name: "Stop" })).toBeVisible();
  finish({
    model: "gpt-5.5",
    text: "ping",
    firstTokenMs: 412,
    durationMs: 1207,
    inputTokens: 11,
    cachedTokens: 3,
    outputTokens: 7,
  });
  expect(await screen.findByText(/first token 412 ms/)).toBeVisible();
  expect(screen.getByLabelText("Try it", { selector: "input" })).toHaveValue("Say ping");
  expect(screen.getByRole("tab", { name: "curl" })).toHaveAttribute("aria-selected", "true");
});

test("trying it can be stopped, which is no failure", async () => {
  let fail = (_: unknown) => {};
  const { user, rust } = await openWindow({
    commands: {
      try_it: () => new Promise((_, reject) => (fail = reject)),
      cancel_try: () => fail("It was stopped."),
    },
  });
  await user.click(screen.getByRole("button", { name: "Send" }));
  await user.click(screen.getByRole("button", { name: "Stop" }));
  expect(rust).toHaveBeenCalledWith("cancel_try", {});
  expect(await screen.findByText("Stopped.")).toBeVisible();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a try that fails says why", async () => {
  const { user } = await openWindow({
    commands: { try_it: () => Promise.reject("Codex isn't signed in. Sign in under Account.") },
  });
  await user.click(screen.getByRole("button", { name: "Send" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("Codex isn't signed in. Sign in under Account.");
  expect(screen.getByRole("button", { name: "Send" })).toBeEnabled();
});

test("nothing is sent while the gateway is off", async () => {
  await openWindow({ scene: "off" });
  expect(screen.getByRole("button", { name: "Send" })).toBeDisabled();
  expect(screen.getByText("Start the gateway to send it.")).toBeVisible();
});

test("the first steps vanish a moment after the last is done", async () => {
  const { rust, state, tell } = await openWindow({ scene: "first-run-signed-out" });
  const steps = within(screen.getByRole("region", { name: "First steps" }));
  expect(steps.getAllByRole("listitem").map((step) => step.textContent?.trim())).toEqual([
    "Codex is found: done",
    "It can answer: not yet",
    "A snippet is copied: not yet",
  ]);
  expect(steps.getByRole("button", { name: "Hide the first steps" })).toBeVisible();
  await tell("state", { ...state, firstRun: { codexFound: true, canAnswer: true, snippetCopied: true } });
  await vi.advanceTimersByTimeAsync(500);
  expect(rust).not.toHaveBeenCalledWith("first_run_done", {});
  await vi.advanceTimersByTimeAsync(2000);
  expect(rust).toHaveBeenCalledWith("first_run_done", {});
  await tell("state", { ...state, firstRun: null });
  await expect.poll(() => screen.queryByRole("region", { name: "First steps" })).toBeNull();
});

test("first steps that can't be put away say why, and can be hidden", async () => {
  const done = { codexFound: true, canAnswer: true, snippetCopied: true };
  await openWindow({
    state: { firstRun: done },
    commands: { first_run_done: () => Promise.reject("Not saved: the file can't be written.") },
  });
  await vi.advanceTimersByTimeAsync(2100);
  expect(await screen.findByRole("alert")).toHaveTextContent("Not saved: the file can't be written.");
  expect(screen.getByRole("button", { name: "Hide the first steps" })).toBeVisible();
});

test("a button that waits shows it only after 300 ms", async () => {
  const { user } = await openWindow({
    scene: "keyring",
    commands: { retry_keyring: () => new Promise(() => {}) },
  });
  const unlock = screen.getByRole("button", { name: "Unlock" });
  await user.click(unlock);
  await vi.advanceTimersByTimeAsync(200);
  expect(unlock).toHaveAttribute("aria-busy", "false");
  await vi.advanceTimersByTimeAsync(200);
  expect(unlock).toHaveAttribute("aria-busy", "true");
});
