import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTestMesh, type TestMesh, type TestMeshOptions } from "@pixelmesh/testing";

const main = fileURLToPath(new URL("held-effects.ts", import.meta.url));

/** A test mesh whose effects steps can be held half done, so that a test does not depend on how long they take. */
export type HeldMesh = TestMesh & {
  /** From now on, steps of the effects service wait in the middle of their run, with a slot and heartbeats. */
  hold(): void;
  /** All effects steps run to their end again. */
  release(): void;
};

/** Starts a test mesh whose effects steps can be held. They are not held at first. */
export async function startHeldMesh(options: TestMeshOptions = {}): Promise<HeldMesh> {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-held-"));
  const file = join(dir, "hold");
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    const mesh = await startTestMesh({ ...options, mains: { effects: [main, file] } });
    return {
      ...mesh,
      hold: () => writeFileSync(file, ""),
      release: () => rmSync(file, { force: true }),
      async [Symbol.asyncDispose]() {
        await mesh[Symbol.asyncDispose]();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
