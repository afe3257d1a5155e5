import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

let mesh: TestMesh;
const folder = mkdtempSync(join(tmpdir(), "pixelmesh-guide-"));

beforeAll(async () => {
  mesh = await startTestMesh();
  const photo = sharp(readFileSync(join(root, "examples/portrait-object.jpg")));
  await photo.clone().resize(96).jpeg().toFile(join(folder, "a.jpg"));
  await photo.clone().resize(64).png().toFile(join(folder, "b.png"));
  copyFileSync(join(folder, "a.jpg"), join(folder, "beach.jpg"));
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Returns the shell blocks of the guide to run. Blocks that need more than a mesh are marked `sh not-run`. */
function blocksOfGuide(): string[] {
  const guide = readFileSync(join(root, "docs/how-to/use-the-command-line.md"), "utf8");
  return [...guide.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block as string);
}

test("the shell commands of the guide work", async () => {
  const blocks = blocksOfGuide();
  expect(blocks.join("").split("\n").length).toBeGreaterThan(20);
  const env = { ...process.env, PATH: `${join(root, "bin")}:${process.env.PATH}`, PIXELMESH_ADDRESS: mesh.address };
  for (const block of blocks) {
    // Each command is printed before it runs, so that a failure shows which one it was.
    const shell = spawn("bash", ["-euxo", "pipefail", "-c", block], { cwd: folder, env });
    let text = "";
    for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (chunk) => (text += chunk));
    const [exitCode] = await once(shell, "close");
    expect(exitCode, text.slice(-4_000)).toBe(0);
  }
  const made = readdirSync(folder, { recursive: true }).map(String);
  for (const name of ["out/a.result.webp", "out/b.result.webp", "composed.jpg", "white.jpg", "small.jpg"])
    expect(made).toContain(name);
  const [one, whole] = await Promise.all(
    ["white.jpg", "a.jpg"].map((name) =>
      sharp(readFileSync(join(folder, name)))
        .extract({ left: 0, top: 0, width: 1, height: 1 })
        .raw()
        .toBuffer(),
    ),
  );
  expect([...(one as Buffer)].every((sample) => sample > 245)).toBe(true);
  expect(one?.equals(whole as Buffer)).toBe(false);
});
