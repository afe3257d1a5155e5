import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadNpmConfig } from "./npm-config.ts";

/** Loads the settings of a user with this `.npmrc`. */
function load(npmrc: string, env: Record<string, string> = {}) {
  const home = mkdtempSync(join(tmpdir(), "npmrc-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  writeFileSync(join(home, ".npmrc"), npmrc);
  return loadNpmConfig({ HOME: home, ...env });
}

test("the registry is that of the scope, else of npm's variable, else of .npmrc, else the public one", async () => {
  const npmrc = "registry=https://file.example/npm\n@acme:registry=https://scope.example\n";
  const config = await load(npmrc, { npm_config_registry: "https://variable.example/a/b" });
  expect(config.registryOf("@acme/models").href).toBe("https://scope.example/");
  expect(config.registryOf("@other/models").href).toBe("https://variable.example/a/b/");
  expect((await load(npmrc)).registryOf("models").href).toBe("https://file.example/npm/");
  expect((await load("")).registryOf("models").href).toBe("https://registry.npmjs.org/");
  const own = await load(npmrc, { PIXELMESH_NPM_REGISTRY: "https://own.example" });
  expect(own.registryOf("@acme/models").href).toBe("https://own.example/");
});

// https://docs.npmjs.com/cli/v11/configuring-npm/npmrc#auth-related-configuration
test("credentials are those of the longest path that an address begins with", async () => {
  const password = Buffer.from("p:w").toString("base64");
  const config = await load(
    [
      "# a comment",
      "//host.example/:_authToken=outer",
      `//host.example/npm/private/:_authToken = \${TOKEN}`,
      "//basic.example:8443/:_auth=abc=",
      "//named.example/:username=ann",
      `//named.example/:_password="${password}"`,
      "//half.example/:username=ann",
      "_authToken=nowhere",
    ].join("\r\n"),
    { TOKEN: "inner" },
  );
  const headersFor = (url: string) => config.headersFor(new URL(url)).authorization;
  expect(headersFor("https://host.example/npm/private/a/-/a-1.0.0.tgz")).toBe("Bearer inner");
  expect(headersFor("https://host.example/npm/public")).toBe("Bearer outer");
  expect(headersFor("https://host.example/npm/private")).toBe("Bearer outer");
  expect(headersFor("https://host.example:444/npm")).toBe(undefined);
  expect(headersFor("https://other.example/npm")).toBe(undefined);
  expect(headersFor("https://basic.example:8443/x")).toBe("Basic abc=");
  expect(headersFor("https://named.example/x")).toBe(`Basic ${Buffer.from("ann:p:w").toString("base64")}`);
  expect(headersFor("https://half.example/x")).toBe(undefined);
});

test("npm_config_userconfig names another file, and a registry that is no address is refused without showing it", async () => {
  const config = await load("", { npm_config_userconfig: "/nonexistent", npm_config_registry: "user:secret@host" });
  const read = () => config.registryOf("models");
  expect(read).toThrow("`npm_config_registry`");
  expect(read).not.toThrow("secret");
});
