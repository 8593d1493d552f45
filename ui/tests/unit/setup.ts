import "@testing-library/jest-dom/vitest";

import { clearMocks } from "@tauri-apps/api/mocks";
import { cleanup } from "@testing-library/svelte";
import { afterEach, vi } from "vitest";

// jsdom has no layout, and so nothing that could be observed.
vi.stubGlobal(
  "ResizeObserver",
  class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
);

afterEach(async () => {
  cleanup();
  // What the page hears of events ends by a call, which must still find somebody.
  await Promise.resolve();
  clearMocks();
  location.hash = "";
});
