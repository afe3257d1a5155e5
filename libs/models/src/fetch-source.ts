import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { AppError } from "@pixelmesh/errors";
import { assertModelFile, type ModelEntry, readFileDigest } from "@pixelmesh/inference";
import { fetchPackage } from "./archives/fetch-package.ts";
import { download } from "./download.ts";
import { toStorageError } from "./durable.ts";
import type { FetchTools } from "./fetch-tools.ts";
import { readPart, removePart } from "./part.ts";
import { describeSource, type Source } from "./sources/source.ts";

/** A file at its temporary path that is what its entry says. */
export type FetchedFile = { readonly sizeBytes: number; readonly digest: string };

/**
 * Leaves the checked file of a source at `partPath`. A resumed download that turns out wrong is done once more from its start. Throws
 * DIGEST_MISMATCH or MODEL_INVALID for a file that does not match, and removes it; else as `download` and `fetchPackage` do.
 */
export async function fetchSource(
  entry: ModelEntry,
  source: Source,
  partPath: string,
  tools: FetchTools,
): Promise<FetchedFile> {
  const hadPart = source.kind === "url" && (await readPart(partPath, source.url)).sizeBytes > 0;
  try {
    return await fetchAndCheck(entry, source, partPath, tools);
  } catch (error) {
    if (!hadPart || !(error instanceof AppError) || !["DIGEST_MISMATCH", "MODEL_INVALID"].includes(error.reason)) {
      throw error;
    }
    tools.onNote(`what was resumed is not the whole file (${error.message}); starting over`);
    return fetchAndCheck(entry, source, partPath, tools);
  }
}

async function fetchAndCheck(
  entry: ModelEntry,
  source: Source,
  partPath: string,
  tools: FetchTools,
): Promise<FetchedFile> {
  const origin = describeSource(source);
  await fetchPart(source, partPath, tools);
  try {
    const file = await readFileDigest(partPath);
    if (file === null) throw new AppError("INTERNAL", `${partPath} is gone`);
    if (source.sha256 !== null && source.sha256 !== file.sha256) {
      const text = `${origin} has sha256 ${file.sha256}, expected ${source.sha256}: it is not \`${entry.name}\``;
      throw new AppError("DIGEST_MISMATCH", text);
    }
    assertModelFile(partPath, entry, origin);
    return { sizeBytes: file.sizeBytes, digest: file.sha256 };
  } catch (error) {
    await removePart(partPath);
    throw error;
  }
}

async function fetchPart(source: Source, partPath: string, tools: FetchTools): Promise<void> {
  const { http, signal, onProgress, onNote, retry } = tools;
  switch (source.kind) {
    case "file":
      await removePart(partPath);
      return pipeline(createReadStream(source.path), createWriteStream(partPath), { signal }).catch(
        (error: unknown) => {
          throw toStorageError(error);
        },
      );
    case "package":
      await removePart(partPath);
      return fetchPackage(source.from, partPath, tools);
    case "url":
      return download({
        ...{ url: source.url, partPath, http, signal, onProgress, ...retry },
        expectedBytes: source.sizeBytes,
        digestKnown: source.sha256 !== null,
        onRetry: (why) => onNote(`${why}; trying again`),
      });
  }
}
