// Writes a PNG of every place and state, in both themes and both sizes: npm run screenshots -- FOLDER [NAME…]
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { openStage } from "./stage.js";

/**
 * @typedef {import("playwright-core").Page} Page
 * @typedef {{ name: string, query?: string, place?: string, act?: (page: Page) => Promise<unknown> }} Shot
 */

/** @type {Shot[]} */
const SHOTS = [
  { name: "connect" },
  {
    name: "connect-tried",
    act: async (page) => {
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("11 → 7 tokens").waitFor();
    },
  },
  { name: "connect-notebook", act: (page) => page.getByRole("tab", { name: "Notebook" }).click() },
  { name: "connect-other", act: (page) => page.getByRole("tab", { name: "Other programs" }).click() },
  { name: "connect-continue", act: (page) => page.getByRole("tab", { name: "Continue" }).click() },
  { name: "connect-token", act: (page) => page.getByRole("button", { name: "Show the token" }).click() },
  { name: "connect-rotate", act: (page) => page.getByRole("button", { name: "Replace the token" }).click() },
  { name: "connect-copied", act: (page) => page.getByRole("button", { name: "Copy the token" }).click() },
  { name: "requests", place: "requests" },
  { name: "requests-many", place: "requests", query: "requests=1000&live" },
  {
    name: "requests-drawer",
    place: "requests",
    act: (page) => page.locator(".rows [role=option]").nth(1).click(),
  },
  {
    name: "requests-failed",
    place: "requests",
    act: (page) =>
      page
        .getByRole("option", { name: /failed/ })
        .first()
        .click(),
  },
  {
    name: "requests-new",
    place: "requests",
    query: "requests=1000&live",
    act: async (page) => {
      await page.locator(".rows").hover();
      await page.getByRole("button", { name: "3 new" }).waitFor();
    },
  },
  {
    name: "requests-clear",
    place: "requests",
    act: (page) => page.getByRole("button", { name: "Clear the list" }).click(),
  },
  { name: "requests-empty", place: "requests", query: "requests=0" },
  {
    name: "requests-none",
    place: "requests",
    act: (page) => page.getByLabel("Filter by text").fill("nowhere"),
  },
  { name: "account", place: "account" },
  { name: "account-limits", place: "account", query: "scene=many-limits" },
  { name: "account-leaks", place: "account", query: "scene=leaks" },
  { name: "account-off", place: "account", query: "scene=off" },
  { name: "account-too-old", place: "account", query: "scene=too-old" },
  { name: "account-signed-out", place: "account", query: "scene=signed-out" },
  {
    name: "account-code",
    place: "account",
    query: "scene=signed-out",
    act: (page) => page.getByRole("button", { name: "Use a code instead" }).click(),
  },
  {
    name: "account-browser",
    place: "account",
    query: "scene=signed-out",
    act: (page) => page.getByRole("button", { name: "Sign in with ChatGPT" }).click(),
  },
  { name: "account-failed", place: "account", query: "scene=sign-in-failed" },
  { name: "settings", place: "settings" },
  {
    name: "settings-end",
    place: "settings",
    act: (page) => page.getByText("Version 1.0.0").scrollIntoViewIfNeeded(),
  },
  ...[
    "off",
    "starting",
    "busy",
    "first-run",
    "first-run-signed-out",
    "no-codex",
    "signed-out",
    "too-old",
    "port-taken",
  ].map(state),
  ...["keyring", "token-lost", "quota", "crashed", "config", "demo"].map(state),
  {
    name: "state-keyring-asks",
    query: "scene=keyring",
    act: (page) => page.getByRole("button", { name: "Make a new token, in a file" }).click(),
  },
];

/** @returns {Shot} @param {string} scene */
function state(scene) {
  return { name: `state-${scene}`, query: `scene=${scene}` };
}

const SIZES = [
  { width: 920, height: 640 },
  { width: 720, height: 520 },
];

const [folder = "screenshots", ...wanted] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const stage = await openStage();
for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const viewport of SIZES) {
    const page = await stage.browser.newPage({
      colorScheme,
      viewport,
      deviceScaleFactor: 2,
      reducedMotion: "reduce",
    });
    for (const { name, query = "", place = "connect", act } of SHOTS) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      await page.goto(`${stage.url}?${query}&shot=${name}#${place}`);
      await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
      await page.mouse.move(0, 0);
      await act?.(page);
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${viewport.width}.png`) });
    }
    await page.close();
  }
}
await stage.close();
