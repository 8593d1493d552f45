import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  build: {
    // The engines that Tauri meets: WebKitGTK of Debian 12, and WebKit of macOS 13.3, the least in tauri.conf.json.
    target: "safari16.4",
    modulePreload: { polyfill: false },
    // The content security policy allows no data: URL.
    assetsInlineLimit: 0,
  },
  test: {
    projects: [
      {
        extends: true,
        // Else Svelte's server build would be taken under Node.
        resolve: { conditions: ["browser"] },
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts"],
          environment: "jsdom",
          // Far beyond what they take, for a machine that has other work.
          testTimeout: 30_000,
          setupFiles: ["tests/unit/setup.ts"],
        },
      },
      {
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
