import { AppError } from "@pixelmesh/errors";
import type { ModelSource } from "@pixelmesh/inference";
import { z } from "zod";
import type { HttpClient } from "../http.ts";
import { parseJson } from "../parse-json.ts";
import { type PackageArchive, withCredentialsOf } from "./archive.ts";
import type { NpmConfig } from "./npm-config.ts";
import { readIndex } from "./read-index.ts";

type NpmSource = Extract<ModelSource, { kind: "npm" }>;

/** The short form of a package's document, which registries send for this content type; those that do not know it send the long form. */
const shortForm = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";
const publicHost = "registry.npmjs.org";

/** https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md; only what is read here. */
const packumentSchema = z.object({
  versions: z.record(z.string(), z.object({ dist: z.object({ tarball: z.url({ protocol: /^https?$/ }) }) })),
});

/**
 * Finds the archive of a package's version in its npm registry. Throws MODEL_UNAVAILABLE where the registry has no such version, and as
 * `readIndex` does.
 */
export async function findNpmArchive(
  { package: name, version }: NpmSource,
  config: NpmConfig,
  http: HttpClient,
  signal: AbortSignal,
): Promise<PackageArchive> {
  const registry = config.registryOf(name);
  const url = new URL(name.replace("/", "%2f"), registry);
  const page = await readIndex(url, { accept: shortForm, ...config.headersFor(url) }, http, signal);
  const packument = packumentSchema.safeParse(parseJson(page.text));
  if (!packument.success) {
    throw new AppError("MODEL_UNAVAILABLE", `${registry.host} answered about ${name} in another form than npm's`);
  }
  const { versions } = packument.data;
  const found = Object.hasOwn(versions, version) ? versions[version] : undefined;
  if (found === undefined)
    throw new AppError("MODEL_UNAVAILABLE", `${registry.host} has no version ${version} of ${name}`);
  const archive = withCredentialsOf(toMirrored(new URL(found.dist.tarball), registry), registry);
  return { url: archive, headers: config.headersFor(archive) };
}

/** As npm's `replace-registry-host` does: a mirror may pass on documents with addresses of the public registry. */
function toMirrored(tarball: URL, registry: URL): URL {
  if (tarball.host !== publicHost || registry.host === publicHost) return tarball;
  return new URL(tarball.pathname.slice(1), registry);
}
