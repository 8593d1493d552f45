// What only a real browser can tell: contrast and the rest of axe's rules in every state, that the window's content
// security policy holds, and that a thousand rows scroll.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import type { AxeResults } from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { openStage } from "../../mock/stage.js";
import { scenes, snippets, TOKEN } from "../../mock/state";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let stage: Awaited<ReturnType<typeof openStage>>;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

interface View {
  query?: string;
  place?: string;
  options?: BrowserContextOptions;
}

/** A page, and what its console said of errors. */
async function open({ query = "", place = "connect", options = {} }: View) {
  const context = await stage.browser.newContext({
    viewport: { width: 920, height: 640 },
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(`${stage.url}?${query}#${place}`);
  await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
  return { page, errors, close: () => context.close() };
}

/** axe's findings, in short. It is run as the browser's own, not the page's, since the policy forbids the latter. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    (window as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
  );
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ""}`),
  );
}

const THEMES = ["light", "dark"] as const;

describe.each(THEMES)("in the %s theme", (colorScheme) => {
  test.each(["connect", "requests", "account", "settings"])("%s is accessible", async (place) => {
    const { page, errors, close } = await open({ place, options: { colorScheme } });
    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
    await close();
  });

  test.each(Object.keys(scenes))("the state “%s” is accessible", async (scene) => {
    const { page, errors, close } = await open({ query: `scene=${scene}`, options: { colorScheme } });
    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
    await close();
  });

  test("what is opened on the way is accessible", async () => {
    const { page, errors, close } = await open({ place: "requests", options: { colorScheme } });
    await page
      .getByRole("option", { name: /failed/ })
      .first()
      .click();
    await page.getByRole("button", { name: "Clear the list" }).click();
    expect(await violations(page)).toEqual([]);

    await page.goto(`${stage.url}?scene=signed-out#account`);
    await page.getByRole("button", { name: "Use a code instead" }).click();
    await page.getByText("HTQK-93VX").waitFor();
    expect(await violations(page)).toEqual([]);

    await page.goto(`${stage.url}#connect`);
    await page.getByRole("button", { name: "Show the token" }).click();
    await page.getByRole("button", { name: "Replace the token" }).click();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("11 → 7 tokens").waitFor();
    expect(await violations(page)).toEqual([]);

    await page.goto(`${stage.url}#settings`);
    await page.getByLabel("Port").fill("80");
    await page.getByLabel("Port").press("Tab");
    await page.getByRole("alert").waitFor();
    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
    await close();
  });
});

test.each(THEMES)("how much of a limit is used can be made out in the %s theme", async (colorScheme) => {
  const { page, close } = await open({
    query: "scene=many-limits",
    place: "account",
    options: { colorScheme },
  });
  const contrasts = await page.evaluate(() => {
    const luminance = (element: Element | null) => {
      const parts = getComputedStyle(element ?? document.body).backgroundColor.match(/\d+/g) ?? [];
      const [r = 0, g = 0, b = 0] = parts.map((part) => {
        const share = Number(part) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [...document.querySelectorAll("[role=meter]")].map((meter) => {
      const [a, b] = [luminance(meter), luminance(meter.firstElementChild)];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
  });
  expect(contrasts.length).toBe(6);
  for (const contrast of contrasts) expect(contrast).toBeGreaterThan(3);
  await close();
});

test("with more contrast it is still accessible", async () => {
  for (const colorScheme of THEMES) {
    const { page, close } = await open({ options: { colorScheme, contrast: "more" } });
    expect(await violations(page)).toEqual([]);
    await close();
  }
});

test("nothing sticks out of the smallest window", async () => {
  for (const scene of Object.keys(scenes)) {
    for (const place of ["connect", "requests", "account", "settings"]) {
      const { page, close } = await open({
        query: `scene=${scene}`,
        place,
        options: { viewport: { width: 720, height: 520 } },
      });
      const wide = await page.evaluate(() =>
        [...document.querySelectorAll("main *, header *, section *")]
          .filter((element) => !element.closest("pre, .unseen"))
          .filter((element) => element.getBoundingClientRect().right > innerWidth)
          .map((element) => element.outerHTML.slice(0, 120)),
      );
      expect(wide, `${scene}, ${place}`).toEqual([]);
      await close();
    }
  }
}, 180_000);

test("every program's snippet is in sight, in the smallest window too", async () => {
  for (const viewport of [
    { width: 920, height: 640 },
    { width: 720, height: 520 },
  ]) {
    const { page, close } = await open({ options: { viewport } });
    const list = page.getByRole("tablist", { name: "Snippets" });
    expect(await list.getByRole("tab").allTextContents()).toEqual(snippets.map(({ label }) => label));
    const outside = await list.evaluate((element) => {
      const box = element.getBoundingClientRect();
      return [...element.children]
        .filter((tab) => tab.getBoundingClientRect().right > box.right)
        .map((tab) => tab.textContent);
    });
    expect(outside).toEqual([]);
    await close();
  }
});

test("a token that is shown can be read whole, with its buttons in sight, in the smallest window", async () => {
  const { page, close } = await open({ options: { viewport: { width: 720, height: 520 } } });
  await page.getByRole("button", { name: "Show the token" }).click();
  const shown = page.locator(".token code");
  await expect.poll(() => shown.textContent()).toBe(TOKEN);
  expect(await shown.evaluate((code) => code.scrollWidth <= code.clientWidth)).toBe(true);
  for (const name of ["Show the token", "Copy the token", "Replace the token"]) {
    const box = await page.getByRole("button", { name }).boundingBox();
    if (!box) throw new Error(`${name} is not there`);
    expect(box.x + box.width, name).toBeLessThanOrEqual(720 - 24);
  }
  await close();
});

test("a cure stays in its box in the smallest window", async () => {
  const { page, close } = await open({
    place: "requests",
    options: { viewport: { width: 720, height: 520 } },
  });
  const failed = page.getByRole("option", { name: /failed/ });
  await failed.first().click();
  const box = await page.getByRole("region", { name: "Error" }).boundingBox();
  const cure = await page.getByRole("button", { name: "Ignore such parameters from now on" }).boundingBox();
  if (!box || !cure) throw new Error("no cure is shown");
  expect(cure.x + cure.width).toBeLessThanOrEqual(box.x + box.width);
  await close();
});

test("after a click on a row the arrows go on, however far", async () => {
  const { page, close } = await open({ place: "requests" });
  await page.locator(".rows [role=option]").nth(2).click();
  for (let pressed = 0; pressed < 60; pressed++) await page.keyboard.press("ArrowDown");
  const chosen = page.locator(".rows [aria-selected=true]");
  expect(await chosen.getAttribute("aria-posinset")).toBe("63");
  const list = page.getByRole("listbox");
  expect(await list.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await list.getAttribute("aria-activedescendant")).toBe(await chosen.getAttribute("id"));
  await close();
});

test("a thousand rows scroll, with a window of them in the page", async () => {
  const { page, close } = await open({ query: "requests=1000", place: "requests" });
  const rows = page.locator(".rows [role=option]");
  await rows.first().waitFor();
  expect(await rows.count()).toBeLessThan(60);
  // As fast as frames come: each step must have drawn rows where it stopped.
  const slowest = await page.evaluate(async () => {
    const list = document.querySelector(".rows");
    if (!list) throw new Error("no list");
    let worst = 0;
    for (let y = 0; y < 30_000; y += 500) {
      const start = performance.now();
      list.scrollTop = y;
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      worst = Math.max(worst, performance.now() - start);
      const box = list.getBoundingClientRect();
      const hit = document
        .elementFromPoint(box.left + 40, box.top + box.height / 2)
        ?.closest("[role=option]");
      if (!hit) throw new Error(`no row at ${y}`);
    }
    return worst;
  });
  // Two frames are 33 ms; a busy machine gets a wide margin.
  expect(slowest).toBeLessThan(5000);
  expect(await rows.count()).toBeLessThan(60);
  await close();
});
