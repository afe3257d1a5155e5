import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import type { Job } from "@pixelmesh/proto";
import type { CallOptions } from "../call-options.ts";
import type { Jobs } from "../jobs.ts";
import { formatExtension } from "../names.ts";

/** Options of `saveOutputs`. */
export type SaveOptions = CallOptions & {
  /** Beginning of each file's name. Default: the name of the picture's file, or the id of the job. */
  readonly stem?: string;
};

const nameForm = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/**
 * Saves every output of a job as `<dir>/<stem>.<output>.<extension>`, one after the other. Makes the folder. A file that is there already is replaced
 * once the new one is complete. Resolves to the paths. Throws OUTPUT_NOT_READY, OUTPUT_EXPIRED, or what the disk throws.
 */
export async function saveOutputs(
  jobs: Jobs,
  { id, outputs }: Job,
  dir: string,
  { stem = id, signal }: SaveOptions = {},
): Promise<string[]> {
  await mkdir(dir, { recursive: true });
  const paths: string[] = [];
  for (const { name } of outputs) {
    // The name becomes a part of a path.
    if (!nameForm.test(name))
      throw new AppError("RESULT_INVALID", "The mesh named an output that no pipeline can have");
    const { header, chunks } = await jobs.download(id, name, signal ? { signal } : {});
    const path = join(dir, `${stem}.${name}.${formatExtension(header.format)}`);
    const part = join(dir, `.${randomUUID()}.part`);
    try {
      await writeFile(part, chunks, { flag: "wx" });
      await rename(part, path);
    } finally {
      await rm(part, { force: true });
    }
    paths.push(path);
  }
  return paths;
}
