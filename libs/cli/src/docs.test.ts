import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runCli } from "./program.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

async function helpOf(words: readonly string[]): Promise<string> {
  let text = "";
  const write = (more: string) => (text += more);
  const { signal } = new AbortController();
  const io = { env: {}, stdout: { write }, stderr: { write }, stopping: signal, forced: signal };
  expect(await runCli([...words, "--help"], io)).toBe(0);
  return text;
}

/** Returns each `pixelmesh …` command in the shell blocks of a page, without comments. */
function commandsOf(page: string): string[] {
  const blocks = [...readFileSync(`${root}${page}`, "utf8").matchAll(/^```sh.*\n([\s\S]*?)^```/gm)];
  const lines = blocks.flatMap(([, block = ""]) => block.replaceAll("\\\n", " ").split("\n"));
  return lines.flatMap((line) =>
    [...line.replace(/(^|\s)#.*/, "").matchAll(/(?<=^|[|(] ?)(?:bin\/)?pixelmesh [^|)>]+/g)].map(([text]) => text),
  );
}

const pages = globSync(["README.md", "CONTRIBUTING.md", "docs/**/*.md", "libs/*/README.md", "services/*/README.md"], {
  cwd: root,
});

test("every command and flag in the docs exists", async () => {
  const seen = new Map<string, string>();
  let count = 0;
  for (const page of pages) {
    for (const command of commandsOf(page)) {
      const words = command.trim().split(/\s+/).slice(1);
      const path = words.slice(0, /^(jobs|batches|models|effects|storage|dlq|cache)$/.test(words[0] ?? "") ? 2 : 1);
      const key = path.join(" ");
      if (!seen.has(key)) seen.set(key, await helpOf(path));
      expect([page, command, seen.get(key)]).toEqual([
        page,
        command,
        expect.stringContaining(`Usage: pixelmesh ${key}`),
      ]);
      for (const flag of words.filter((word) => word.startsWith("--"))) {
        const name = flag.split("=")[0];
        expect([page, command, seen.get(key)?.includes(`${name} `) || seen.get(key)?.includes(`${name}\n`)]).toEqual([
          page,
          command,
          true,
        ]);
      }
      count += 1;
    }
  }
  expect(count).toBeGreaterThan(30);
});
