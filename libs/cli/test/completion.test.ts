import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runProcess } from "./spawn-cli.ts";

test("bash completes commands, flags and their values with the script", async () => {
  const { out } = await runProcess(["completion", "bash"]);
  const folder = mkdtempSync(join(tmpdir(), "pixelmesh-completion-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const script = join(folder, "completion.bash");
  writeFileSync(script, out);
  const complete = (...words: string[]) => {
    const code = `. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pixelmesh 2>/dev/null; echo "\${COMPREPLY[*]}"`;
    return execFileSync("bash", ["-c", code, script, "pixelmesh", ...words], { encoding: "utf8" }).trim();
  };
  expect(complete("r")).toBe("run");
  expect(complete("jobs", "d")).toBe("download");
  expect(complete("batches", "d")).toBe("download");
  expect(complete("batches", "create", "--prio")).toBe("--priority");
  expect(complete("run", "--cutout")).toBe("--cutout-model");
  expect(complete("run", "a.jpg", "--format", "")).toBe("auto jpeg png webp avif");
  expect(complete("jobs", "list", "--state", "s")).toBe("succeeded");
  expect(complete("completion", "z")).toBe("zsh");
  for (const shell of ["zsh", "fish"])
    expect((await runProcess(["completion", shell])).out.toString()).toContain("cutout-model");
});
