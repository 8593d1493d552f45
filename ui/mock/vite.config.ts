// Serves the built page, byte for byte and under the window's content security policy, with the mock loaded before it.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { build, defineConfig, type Plugin } from "vite";

const CSP = "default-src 'self'; connect-src ipc: http://ipc.localhost";
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

async function bundled(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "warn",
    build: { write: false, lib: { entry: at("main.ts"), formats: ["iife"], name: "mock" } },
  });
  const [output] = Array.isArray(built) ? built : [built];
  const chunk = output && "output" in output ? output.output[0] : undefined;
  if (!chunk) throw new Error("The mock wasn't built.");
  return chunk.code;
}

const mockedRust: Plugin = {
  name: "mocked-rust",
  async configurePreviewServer(server) {
    const script = await bundled();
    server.middlewares.use((request, response, next) => {
      const { pathname } = new URL(request.url ?? "/", "http://page");
      const send = (type: string, body: string) => {
        response.setHeader("content-type", type);
        response.setHeader("content-security-policy", CSP);
        response.end(body);
      };
      if (pathname === "/favicon.ico") send("image/x-icon", "");
      else if (pathname === "/mock.js") send("text/javascript", script);
      else if (pathname === "/") {
        readFile(at("../dist/index.html"), "utf8").then(
          (html) => send("text/html", html.replace("<head>", '<head><script src="/mock.js"></script>')),
          next,
        );
      } else next();
    });
  },
};

export default defineConfig({
  root: at(".."),
  plugins: [mockedRust],
  preview: { host: "127.0.0.1" },
});
