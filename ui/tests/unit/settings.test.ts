import { screen, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { settings } from "../../mock/state";
import { openWindow } from "./window";

const change = (setting: string, value: unknown) => ({ change: { setting, value } });

test("a switch applies at once, and says so in place and aloud", async () => {
  const { user, rust, spoken } = await openWindow({ place: "settings" });
  await user.click(await screen.findByRole("switch", { name: "Start at login" }));
  expect(rust).toHaveBeenCalledWith("change_setting", change("startAtLogin", true));
  expect(await screen.findByText("Applied", { selector: ".mark" })).toBeVisible();
  expect(spoken()).toBe("Applied");
  expect(screen.getByRole("switch", { name: "Start at login" })).toBeChecked();
});

test.each([
  ["Start at launch", "startAtLaunch", false],
  ["Ignore what can't be honoured", "ignoreUnsupportedParameters", true],
  ["Keep what was said", "logText", true],
])("“%s” is a switch", async (name, setting, value) => {
  const { user, rust } = await openWindow({ place: "settings" });
  await user.click(await screen.findByRole("switch", { name }));
  expect(rust).toHaveBeenCalledWith("change_setting", change(setting, value));
});

test("each notification has its switch, in one setting", async () => {
  const { user, rust } = await openWindow({ place: "settings" });
  await user.click(await screen.findByRole("switch", { name: "Sign-in" }));
  expect(rust).toHaveBeenCalledWith(
    "change_setting",
    change("notifications", { trouble: true, quota: true, refusedClients: true, signIn: true }),
  );
  expect(await screen.findAllByText("Applied", { selector: ".mark" })).toHaveLength(1);
});

test("the port applies when it is left, and goes back with a reason when it is refused", async () => {
  const { user, rust } = await openWindow({
    place: "settings",
    commands: {
      change_setting: () => Promise.reject("Port 80 is for the system's own programs; take one from 1024."),
    },
  });
  const port = await screen.findByLabelText("Port");
  await user.clear(port);
  await user.type(port, "80");
  expect(rust).not.toHaveBeenCalledWith("change_setting", expect.anything());
  await user.tab();
  expect(rust).toHaveBeenCalledWith("change_setting", change("port", 80));
  expect(await screen.findByRole("alert")).toHaveTextContent("Port 80 is for the system's own programs");
  expect(port).toHaveValue("8000");
});

test("a number applies once, when it is entered or left, and Esc takes it back", async () => {
  const { user, rust } = await openWindow({ place: "settings" });
  const port = await screen.findByLabelText("Port");
  await user.clear(port);
  await user.type(port, "9000{ArrowUp}{ArrowDown}{ArrowDown}");
  expect(port).toHaveValue("9000");
  expect(rust).not.toHaveBeenCalledWith("change_setting", expect.anything());
  await user.keyboard("{Escape}");
  expect(port).toHaveValue("8000");
  await user.clear(port);
  await user.type(port, "9001{Enter}");
  await user.tab();
  expect(rust.mock.calls.filter(([command]) => command === "change_setting")).toEqual([
    ["change_setting", change("port", 9001)],
  ]);
});

test.each([
  ["Longest answer, in seconds", "turnTimeoutSeconds"],
  ["Longest silence, in seconds", "idleTimeoutSeconds"],
])("“%s” is a number of seconds", async (name, setting) => {
  const { user, rust } = await openWindow({ place: "settings" });
  const field = await screen.findByLabelText(name);
  expect(field).toHaveValue("600");
  expect(field).toHaveAccessibleDescription(/is ended with an error|says nothing/);
  await user.clear(field);
  await user.type(field, "90");
  await user.tab();
  expect(rust).toHaveBeenCalledWith("change_setting", change(setting, 90));
});

test("web pages are added, changed and removed, and one that is none says why", async () => {
  const { user, rust } = await openWindow({
    place: "settings",
    commands: {
      change_setting: ({ change }: { change: { value: string[] } }) =>
        change.value.includes("example.org")
          ? Promise.reject("Not saved: `example.org` is not an origin.")
          : { ...settings, allowedOrigins: change.value },
    },
  });
  const typed = await screen.findByLabelText("New web page");
  expect(screen.getByRole("button", { name: "Add the web page" })).toBeDisabled();
  await user.type(typed, "example.org{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("is not an origin");
  expect(typed).toHaveValue("example.org");
  await user.clear(typed);
  await user.type(typed, "https://example.org{Enter}");
  expect(rust).toHaveBeenCalledWith(
    "change_setting",
    change("allowedOrigins", ["http://localhost:3000", "https://example.org"]),
  );
  await expect.poll(() => typed).toHaveValue("");

  const first = screen.getAllByLabelText("Web page")[0]!;
  await user.clear(first);
  await user.tab();
  expect(first).toHaveValue("http://localhost:3000");
  await user.click(screen.getByRole("button", { name: "Remove http://localhost:3000" }));
  expect(rust).toHaveBeenCalledWith("change_setting", change("allowedOrigins", ["https://example.org"]));
});

test("a number that can't be is not even asked for", async () => {
  const { user, rust } = await openWindow({ place: "settings" });
  const port = await screen.findByLabelText("Port");
  await user.clear(port);
  await user.type(port, "70000{Enter}");
  expect(port).toHaveValue("8000");
  expect(screen.getByRole("alert")).toHaveTextContent("from 1 to 65535");
  await user.type(port, "0");
  expect(screen.queryByRole("alert")).toBeNull();
  await user.clear(port);
  await user.type(port, "8e3");
  await user.tab();
  expect(port).toHaveValue("8000");
  expect(screen.getByRole("alert")).toHaveTextContent("from 1 to 65535");
  expect(rust).not.toHaveBeenCalledWith("change_setting", expect.anything());
});

test("the effort is one that Codex knows, or the model's own", async () => {
  const { user, rust } = await openWindow({ place: "settings" });
  const effort = await screen.findByLabelText("Reasoning effort");
  expect(
    within(effort)
      .getAllByRole("option")
      .map((option) => option.textContent),
  ).toEqual(["The model's own", "low", "medium", "high"]);
  await user.selectOptions(effort, "high");
  expect(rust).toHaveBeenCalledWith("change_setting", change("reasoningEffort", "high"));
  await user.selectOptions(effort, "");
  expect(rust).toHaveBeenCalledWith("change_setting", change("reasoningEffort", null));
});

test("what is fixed from outside can't be changed, and says by what", async () => {
  await openWindow({ place: "settings", settings: { fixed: { port: "--port" } } });
  const port = await screen.findByLabelText("Port");
  expect(port).toBeDisabled();
  expect(port.closest(".row")).toHaveTextContent("set by --port");
  expect(screen.getByLabelText("Requests at a time")).toBeEnabled();
});

test("aliases are added, changed and removed in a small table", async () => {
  const { user, rust } = await openWindow({ place: "settings" });
  await user.type(await screen.findByLabelText("New name"), "o3");
  expect(screen.getByRole("button", { name: "Add the alias" })).toBeDisabled();
  await user.type(screen.getByLabelText("Model for the new name"), "gpt-5.5-codex{Enter}");
  expect(rust).toHaveBeenCalledWith(
    "change_setting",
    change("modelAliases", { "gpt-4o": "gpt-5.5", "*": "gpt-6-luna", o3: "gpt-5.5-codex" }),
  );
  expect(await screen.findByLabelText("Model for o3")).toHaveValue("gpt-5.5-codex");
  expect(screen.getByLabelText("New name")).toHaveValue("");

  const model = screen.getByLabelText("Model for gpt-4o");
  await user.clear(model);
  await user.type(model, "gpt-6-luna");
  await user.tab();
  expect(rust).toHaveBeenCalledWith(
    "change_setting",
    change("modelAliases", { "gpt-4o": "gpt-6-luna", "*": "gpt-6-luna", o3: "gpt-5.5-codex" }),
  );
  await user.click(screen.getByRole("button", { name: "Remove *" }));
  expect(rust).toHaveBeenCalledWith(
    "change_setting",
    change("modelAliases", { "gpt-4o": "gpt-6-luna", o3: "gpt-5.5-codex" }),
  );
});

test("an alias can't lose its model", async () => {
  const { user, rust } = await openWindow({ place: "settings" });
  const model = await screen.findByLabelText("Model for gpt-4o");
  await user.clear(model);
  await user.tab();
  expect(model).toHaveValue("gpt-5.5");
  expect(rust).not.toHaveBeenCalledWith("change_setting", expect.anything());
});

test("leaving the disk asks once, because what is kept there goes", async () => {
  const { user, rust } = await openWindow({ place: "settings", settings: { responseHistory: "disk" } });
  const history = await screen.findByLabelText("Response history");
  await user.selectOptions(history, "Off");
  expect(rust).not.toHaveBeenCalledWith("change_setting", expect.anything());
  expect(history).toHaveValue("disk");
  await user.click(screen.getByRole("button", { name: "Leave it" }));
  expect(rust).toHaveBeenCalledWith("change_setting", change("responseHistory", "off"));
  await expect.poll(() => history).toHaveValue("off");
});

test("a change made by hand in the file shows, and so do its warnings", async () => {
  const { tell } = await openWindow({ place: "settings" });
  await screen.findByLabelText("Port");
  await tell("settings", { ...settings, port: 9000, warnings: ["`prot` means nothing here."] });
  await expect.poll(() => screen.getByLabelText("Port")).toHaveValue("9000");
  expect(screen.getByText("prot", { selector: ".warnings code" })).toBeVisible();
});

test("a refusal is gone once the settings are others", async () => {
  const { user, tell } = await openWindow({
    place: "settings",
    commands: { change_setting: () => Promise.reject("Port 8001 is in use by `python3` (process 4711).") },
  });
  const port = await screen.findByLabelText("Port");
  await user.clear(port);
  await user.type(port, "8001{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent(
    "Port 8001 is in use by python3 (process 4711).",
  );
  await tell("settings", { ...settings, port: 8001 });
  await expect.poll(() => screen.queryByRole("alert")).toBeNull();
});

test("only macOS tells of clicks on the icon", async () => {
  const { unmount } = await openWindow({ place: "settings" });
  await screen.findByLabelText("Port");
  expect(screen.queryByRole("switch", { name: "A click switches" })).toBeNull();
  unmount();
  await openWindow({ place: "settings", settings: { platform: "macos" } });
  expect(await screen.findByRole("switch", { name: "A click switches" })).toBeVisible();
});
