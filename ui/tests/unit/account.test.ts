import { screen, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import type { SignInState } from "../../src/lib/ipc";
import { healthy } from "../../mock/state";
import { openWindow } from "./window";

const section = (title: string) => within(screen.getByRole("region", { name: title }));

test("who is signed in, with what plan, and how much of each limit is used", async () => {
  await openWindow({ place: "account" });
  expect(section("Account").getByText(/^Signed in with ChatGPT/)).toHaveTextContent(
    "Signed in with ChatGPT Plus",
  );
  expect(section("Limits").getByText("62 % used")).toBeVisible();
  expect(section("Limits").getByText("resets in 2 h 11 min")).toBeVisible();
  expect(section("Limits").getByText("resets in 4 days 1 h")).toBeVisible();
  expect(section("Codex").getByText("0.171.0")).toBeVisible();
  expect(section("Codex").getByText("Running")).toBeVisible();
});

test("limits that only some models have are under Account, and not in the rail", async () => {
  await openWindow({ scene: "many-limits", place: "account" });
  expect(section("Limits").getAllByRole("meter")).toHaveLength(4);
  expect(section("Limits").getByText("GPT-5.3-Codex-Spark, weekly")).toBeVisible();
  expect(section("State of Codex").getAllByRole("meter")).toHaveLength(2);
});

test.each([
  ["off", "Not running; the gateway is off"],
  ["starting", "Starting"],
  ["too-old", "Too old: it lacks thread/inject_items"],
  ["crashed", "Stopped; restarting"],
  ["port-taken", "Not running; the gateway is off"],
])("%s: Codex is doing so, and who is signed in is not known", async (scene, health) => {
  await openWindow({ scene, place: "account" });
  expect(section("Codex").getByText(health)).toBeVisible();
  expect(section("Account").getByText("Known once Codex runs.")).toBeVisible();
  expect(section("Account").queryByText("Codex isn't signed in.")).toBeNull();
  expect(section("Account").getByRole("button", { name: "Sign in with ChatGPT" })).not.toHaveClass("primary");
});

test("where there is no Codex, nobody can sign in to it", async () => {
  await openWindow({ scene: "no-codex", place: "account" });
  expect(section("Codex").getByText("Not installed, or not where I looked")).toBeVisible();
  expect(section("Account").getByText("Known once Codex runs.")).toBeVisible();
  expect(section("Account").queryByRole("button")).toBeNull();
});

test("what the model sees: nothing else, or what leaks", async () => {
  const { tell, state } = await openWindow({ place: "account" });
  expect(
    section("What the model sees").getByText("Exactly what the caller sent, and nothing else."),
  ).toBeVisible();
  await tell("state", {
    ...state,
    codex: { ...state.codex, leaks: ["AGENTS.md is added to every prompt."] },
  });
  expect(
    await section("What the model sees").findByText("AGENTS.md is added to every prompt."),
  ).toBeVisible();
});

const waiting = (userCode: string | null): SignInState => ({
  kind: "waiting",
  url: "https://auth.openai.com/codex/device",
  userCode,
});

test("signing in by code shows the page and the code, until it is done", async () => {
  const { user, rust, tell, state } = await openWindow({ place: "account", scene: "signed-out" });
  await user.click(screen.getByRole("button", { name: "Use a code instead" }));
  expect(rust).toHaveBeenCalledWith("sign_in", { device: true });
  await tell("state", { ...state, signIn: waiting("HTQK-93VX") });
  expect(await screen.findByText("HTQK-93VX")).toBeVisible();
  expect(screen.getByText("https://auth.openai.com/codex/device")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Copy the address" }));
  expect(rust).toHaveBeenCalledWith("copy", { target: { what: "signInUrl" } });
  await user.click(screen.getByRole("button", { name: "Copy the code" }));
  expect(rust).toHaveBeenCalledWith("copy", { target: { what: "signInCode" } });
  await user.click(screen.getByRole("button", { name: "Open the page here" }));
  expect(rust).toHaveBeenCalledWith("open_sign_in_page", {});
  await tell("state", { ...state, signIn: null, trouble: null, codex: healthy(Date.now()).codex });
  expect(await screen.findByText(/^Signed in with ChatGPT/)).toBeVisible();
  expect(screen.queryByText("HTQK-93VX")).toBeNull();
});

test("signing in by the browser can be called off", async () => {
  const { user, rust, tell, state } = await openWindow({ place: "account", scene: "signed-out" });
  await user.click(screen.getByRole("button", { name: "Sign in with ChatGPT" }));
  expect(rust).toHaveBeenCalledWith("sign_in", { device: false });
  await tell("state", { ...state, signIn: waiting(null) });
  expect(await screen.findByText("https://auth.openai.com/codex/device")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Copy the code" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "Open the page again" }));
  expect(rust).toHaveBeenCalledWith("open_sign_in_page", {});
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(rust).toHaveBeenCalledWith("cancel_sign_in", {});
  await tell("state", state);
  expect(await screen.findByRole("button", { name: "Sign in with ChatGPT" })).toBeVisible();
});

test("a sign-in under way is there for a window that is opened again", async () => {
  await openWindow({ place: "account", scene: "signed-out", state: { signIn: waiting("HTQK-93VX") } });
  expect(screen.getByText("HTQK-93VX")).toBeVisible();
});

test("a sign-in that failed says why, and can be tried again", async () => {
  const { user, rust, tell, state } = await openWindow({ place: "account", scene: "sign-in-failed" });
  expect(screen.getByRole("alert")).toHaveTextContent("The sign-in failed: the login was denied.");
  await user.click(screen.getByRole("button", { name: "Sign in with ChatGPT" }));
  expect(rust).toHaveBeenCalledWith("sign_in", { device: false });
  await tell("state", { ...state, signIn: waiting(null) });
  expect(await screen.findByText("Waiting for you to finish there…")).toBeVisible();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("“Sign in” anywhere leads here", async () => {
  const { user } = await openWindow({ scene: "signed-out" });
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Account" })).toBeInTheDocument();
});
