import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Job, Pixelmesh } from "@pixelmesh/client";
import { decodePicture, defaultLimits, type Frame } from "@pixelmesh/imaging";
import type { Step } from "@pixelmesh/proto";
import sharp from "sharp";

/** The robot of examples/, 400×480. */
export const robot = readFileSync(new URL("../examples/portrait-object.jpg", import.meta.url));

/** The exact coverage of the robot, as its renderer knows it. */
export const robotMask = readFileSync(new URL("../examples/portrait-object.mask.png", import.meta.url));

type Operation = NonNullable<Step["operation"]>;

/** A step that takes what the step before it made, or what `from` names. */
export function step(id: string, operation: Operation, ...from: string[]) {
  return { id, operation, inputs: from.map((name) => ({ from: { $case: "step" as const, value: name } })) };
}

/** A step of one effect with plain numbers and texts as parameters. */
export function effectStep(
  id: string,
  name: string,
  parameters: Record<string, number | string | boolean> = {},
  ...from: string[]
) {
  const values = Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => {
      if (typeof value === "number") return [key, { kind: { $case: "number" as const, value } }];
      if (typeof value === "boolean") return [key, { kind: { $case: "flag" as const, value } }];
      return [key, { kind: { $case: "text" as const, value } }];
    }),
  );
  return step(id, { $case: "applyEffects", value: { effects: [{ name, parameters: values }] } }, ...from);
}

/** A picture that keeps a chain of effects busy for seconds. */
export const slowPicture = (): Promise<Buffer> => sharp(robot).resize(2_000).png().toBuffer();

/** One step that takes seconds over `slowPicture`, equal to none before it: also a repeated test meets no stored result. */
export function slowPipeline() {
  const contrast = { kind: { $case: "number" as const, value: 1 + Math.random() / 4 } };
  const first = { name: "black_and_white", parameters: { contrast } };
  const effects = [first, ...Array.from({ length: 15 }, () => ({ name: "pop_art", parameters: {} }))];
  return { steps: [step("fx", { $case: "applyEffects", value: { effects } })] };
}

/** The bytes of an output. */
export async function download(client: Pixelmesh, job: Job, output: string): Promise<Buffer> {
  const { chunks } = await client.jobs.download(job.id, output);
  return Buffer.concat(await Array.fromAsync(chunks));
}

/** The pixels of an output. */
export async function downloadFrame(client: Pixelmesh, job: Job, output: string): Promise<Frame> {
  return (await decodePicture(await download(client, job, output), defaultLimits)).frame;
}

/** A picture of ../shared/data. */
export function readData(dataDir: string, path: string): Buffer {
  return readFileSync(join(dataDir, path));
}
