import { statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { AppError, expected } from "@pixelmesh/errors";
import type { ModelEntry } from "@pixelmesh/inference";

/** The source of a model's file. */
export type Source = { readonly kind: "file"; readonly path: string } | { readonly kind: "url"; readonly url: URL };

/**
 * Returns the source of a model's file: `from`, a file or an address, else the entry's. A directory, or an address that ends
 * with `/`, is a mirror with the file under its usual name. Throws MODEL_UNAVAILABLE if there is nothing to download, and
 * MODEL_INVALID if it would not be an ONNX file.
 */
export function toSource(entry: ModelEntry, from?: string): Source {
  if (from !== undefined) return toMirror(entry, from);
  if (entry.sourceUrl === null) {
    const text = `\`${entry.name}\` has no public download; name a file or a mirror by --from`;
    throw new AppError("MODEL_UNAVAILABLE", text);
  }
  const url = new URL(entry.sourceUrl);
  if (url.pathname.endsWith(".onnx")) return { kind: "url", url };
  const form = /\.(pth?|safetensors|ckpt|pb|bin)$/.exec(url.pathname)?.[0];
  const what = form ? `as a ${form} file, which needs conversion to ONNX` : "on a page, not as an ONNX file";
  throw new AppError(
    "MODEL_UNAVAILABLE",
    `\`${entry.name}\` is published ${what}: ${entry.sourceUrl}. Give the ONNX file by --from (see docs/how-to/manage-models.md)`,
  );
}

/** Returns an address without user name, password and query, for messages. */
export function toPublicText(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function toMirror(entry: ModelEntry, from: string): Source {
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
