import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyReply, FastifyRequest } from "fastify";
import { headerOf } from "../http/request-scope.ts";
import type { Route } from "./route.ts";

const dist = fileURLToPath(new URL("../../console/dist/", import.meta.url));

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

const missing = `<!doctype html><html lang="en"><title>Pixelmesh</title><h1>Pixelmesh</h1>
<p>The console is not built. See <a href="/docs">the HTTP API</a>.</p></html>`;

/** The routes of the console's files, which are read once at the start. `/` is its page; a plain page where it is not built. */
export function consoleRoutes(dir = dist): Route[] {
  const files = readFiles(dir);
  const pages = files.some(({ path }) => path === "/index.html")
    ? files
    : [...files, { path: "/index.html", bytes: Buffer.from(missing) }];
  return pages.flatMap(({ path, bytes }) => {
    const paths = path === "/index.html" ? ["/", path] : [path];
    return paths.map((url) => toRoute(url, bytes, types[extname(path)] ?? "application/octet-stream"));
  });
}

type File = { readonly path: string; readonly bytes: Buffer };

function readFiles(dir: string): File[] {
  try {
    return readdirSync(dir, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ path: `/${relative(dir, file).split(sep).join("/")}`, bytes: readFileSync(file) }));
  } catch {
    return [];
  }
}

function toRoute(path: string, bytes: Buffer, type: string): Route {
  const etag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`;
  return {
    method: "GET",
    path,
    id: `console ${path}`,
    tag: "Console",
    summary: "A file of the console",
    isInternal: true,
    responses: { 200: { description: "The file" } },
    async handle(request: FastifyRequest, reply: FastifyReply) {
      reply.headers({ etag, "cache-control": "no-cache" });
      if (headerOf(request, "if-none-match") === etag) return reply.code(304).send();
      return reply.type(type).send(bytes);
    },
  };
}
