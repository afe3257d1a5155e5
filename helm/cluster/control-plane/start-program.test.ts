import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startProgram, waitUntil } from "./start-program.ts";

const dir = mkdtempSync(join(tmpdir(), "pixelmesh-program-"));
afterAll(() => rmSync(dir, { recursive: true }));
const start = (name: string, code: string) =>
  startProgram(process.execPath, ["--eval", code], { logFile: join(dir, `${name}.log`) });
const never = async () => false;

test("a program runs until its disposal, which it may take to end in order", async () => {
  const program = start(
    "orderly",
    'process.on("SIGTERM", () => { console.log("ended in order"); process.exit(0); }); console.log("up"); setInterval(() => {}, 1e6);',
  );
  await waitUntil("its first line", async () => program.lastLines().includes("up"), {
    programs: [program],
    limitMs: 60_000,
  });
  program.assertRuns();
  await program[Symbol.asyncDispose]();
  expect(program.lastLines()).toContain("ended in order");
  expect(() => program.assertRuns()).toThrow("to run, but it ended with 0");
});

test("a wait for a program that has ended fails at once with the end of its log", async () => {
  await using program = start("broken", 'console.error("no such flag"); process.exit(3);');
  const wait = waitUntil("a ready program", never, { programs: [program], limitMs: 60_000 });
  await expect(wait).rejects.toThrow(/to run, but it ended with 3:\nno such flag/);
});

test("a wait ends after its limit and names what was expected and what came last", async () => {
  const refused = async () => {
    throw new Error("connection refused");
  };
  await expect(waitUntil("an answer", refused, { limitMs: 20, everyMs: 5 })).rejects.toThrow(
    "Expected an answer within 0.02 s, got Error: connection refused",
  );
});

test("a program that does not exist is named", async () => {
  await using program = startProgram(join(dir, "absent"), [], { logFile: join(dir, "absent.log") });
  await expect(waitUntil("a start", never, { programs: [program], limitMs: 60_000 })).rejects.toThrow("ENOENT");
});
