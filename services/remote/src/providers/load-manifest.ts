import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ConfigError } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import type { Manifest, ManifestProvider } from "../domain/manifest.ts";
import { parseManifest } from "../domain/parse-manifest.ts";
import { createApiGuard, createResultGuard } from "./guards.ts";

const maxBytes = 1024 * 1024;

/**
 * Reads the manifest of hosted models: its form is in docs/reference/hosted-models.md. A relative `tokenFile` is taken from the manifest's directory; the file
 * itself is not read. Throws ConfigError with every mistake.
 */
export async function loadManifest(path: string): Promise<Manifest> {
  const manifest = parseManifest(await readText(path), path);
  const mistakes = manifest.providers.flatMap((provider, at) =>
    findHostMistakes(provider, `\`${path}\` providers[${at}]`),
  );
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  const providers = manifest.providers.map((provider) => ({
    ...provider,
    tokenFile: provider.tokenFile === undefined ? undefined : resolve(dirname(path), provider.tokenFile),
  }));
  return { ...manifest, providers };
}

async function readText(path: string): Promise<string> {
  const form = "Expected PIXELMESH_REMOTE_MANIFEST to be a file that can be read";
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw new ConfigError([`${form} of at most 1 MiB, got \`${path}\` of ${size} bytes`]);
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`${form}, got \`${path}\` (${(error as NodeJS.ErrnoException).code ?? "unreadable"})`]);
  }
}

/** Rules of hosts that are none, and an address that they do not allow. */
function findHostMistakes(provider: ManifestProvider, place: string): readonly string[] {
  try {
    createResultGuard(provider);
    createApiGuard(provider).check(provider.baseUrl);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes.map((text) => `${place}: ${text}`);
    if (!(error instanceof AppError)) throw error;
    return [`${place}.baseUrl: ${error.message}. An http address needs its host in \`privateHosts\``];
  }
}
