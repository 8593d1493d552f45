import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";
import { preview } from "vite";

/**
 * The built page with the mock, served, and a browser to see it in. The environment's `CHROMIUM` names the browser, if it
 * isn't where Debian has it. The URL ends with a slash.
 */
export async function openStage() {
  const server = await preview({
    configFile: fileURLToPath(new URL("vite.config.ts", import.meta.url)),
    preview: { port: 0 },
    logLevel: "error",
  });
  const [url] = server.resolvedUrls?.local ?? [];
  if (!url) throw new Error("The page isn't served.");
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  return { url, browser, close };
}
