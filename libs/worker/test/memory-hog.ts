import { spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { readHostMemory } from "../src/index.ts";

const stepBytes = 16 * 1024 ** 2;
const adjustEveryMs = 150;
const maxSteps = 8;

const script = `
const held = [];
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const wanted = Number(line);
  while (held.length < wanted) held.push(Buffer.alloc(${stepBytes}, 1));
  if (held.length > wanted) { held.length = wanted; gc(); }
  process.stdout.write(held.length + "\\n");
});`;

/** A process of nobody's that keeps the machine's memory use at `bytes`, whatever others do; it ends with the test. */
export function startMemoryHog() {
  const child = spawn(process.execPath, ["--expose-gc", "-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  let targetBytes = 0;
  let held = 0;
  let isSettled = true;
  child.stdout.on("data", (text: Buffer) => {
    held = Number(text.toString().trim().split("\n").at(-1));
    isSettled = true;
  });
  const timer = setInterval(() => {
    // What it was told last must be done before what is used says anything of others.
    if (!isSettled) return;
    isSettled = false;
    const others = readHostMemory().observedBytes - held * stepBytes;
    const missing = Math.round((targetBytes - others) / stepBytes) - held;
    // What was freed shows late: small steps keep it from swinging past the target.
    child.stdin.write(`${Math.max(0, held + Math.max(-maxSteps, Math.min(maxSteps, missing)))}\n`);
  }, adjustEveryMs);
  onTestFinished(async () => {
    clearInterval(timer);
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  });
  return {
    keepAt(bytes: number) {
      targetBytes = bytes;
    },
  };
}
