import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { outcomeOf } from "../calls/start-prediction.ts";
import { openTokenFile } from "./token-file.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pixelmesh-token-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test.each([
  ["alone", "r8_secret"],
  ["with line ends", "\r\n r8_secret \r\n\n"],
  ["below comments", "# of the studio\n#\nr8_secret\n"],
  ["after a byte order mark", "\ufeffr8_secret\n"],
])("a token %s is read", async (_, content) => {
  const path = join(dir, "token");
  await writeFile(path, content);
  expect(await openTokenFile("p", path).read()).toBe("r8_secret");
});

test("a provider without a file has no token", async () => {
  expect(await openTokenFile("p", undefined).read()).toBeUndefined();
});

const secret = "do-not-show";
test.each<[string, (path: string) => unknown, string]>([
  ["a missing file", () => {}, "ENOENT"],
  ["a folder", (path) => mkdir(path), "must be a file of at most 65536 bytes"],
  ["a pipe without a writer", (path) => execFileSync("mkfifo", [path]), "must be a file of at most 65536 bytes"],
  ["an empty file", (path) => writeFile(path, "\n# nothing\n"), "it has none"],
  ["two tokens", (path) => writeFile(path, `${secret}\n${secret}\n`), "it has 2 lines"],
  ["a token with spaces", (path) => writeFile(path, `Bearer ${secret}`), "one with spaces"],
  ["a token with other characters", (path) => writeFile(path, `${secret}\u0000é`), "one with spaces"],
  ["a huge file", (path) => writeFile(path, "x".repeat(65_537)), "must be a file of at most 65536 bytes"],
])(
  "%s is a mistake of the configuration, which names the file and speaks not against the provider",
  async (name, make, text) => {
    const path = join(dir, name.replaceAll(" ", "-"));
    await make(path);
    const error = await openTokenFile("p", path)
      .read()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      reason: "PROVIDER_NOT_CONFIGURED",
      message: expect.stringContaining(text),
      metadata: { provider: "p", created: "no" },
    });
    expect((error as Error).message).toContain(path);
    expect((error as Error).message).not.toContain(secret);
    expect(outcomeOf(error)).toBe("unknown");
  },
);
