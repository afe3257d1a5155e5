import type { IncomingMessage, ServerResponse } from "node:http";
import { digestOf, type Responder, serveFile, startModelServer } from "@pixelmesh/testing/models";

/** A package that the server has: its archive, by the name that its registry gives it. */
export type TestPackage = {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly archive: Buffer;
};

/** What a test changes about the server. */
export type RegistryOptions = {
  readonly packages: readonly TestPackage[];
  /** Answers instead of the registry where it returns true. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** The index answers in the older form, PEP 503. */
  readonly onlyHtml?: boolean;
  /** Where packuments say that archives are. Default: this server. */
  readonly tarballHost?: string;
};

/**
 * Starts a server that speaks as registry.npmjs.org under `/npm/` (packuments and `/-/` archives) and as pypi.org under `/simple/` (PEP 691 and
 * PEP 503, with archives under `/files/`), on loopback. It records the credentials that it receives.
 */
export async function startRegistries(options: RegistryOptions) {
  const { packages, instead = () => false, onlyHtml = false } = options;
  const authorizations: string[] = [];
  const respond: Responder = (request, response, next) => {
    const path = decodeURIComponent(request.url ?? "");
    authorizations.push(`${path} ${request.headers.authorization ?? "-"}`);
    if (instead(request, response)) return;
    const archive = packages.find(
      ({ filename }) => /^\/(files|npm\/.*\/-)\//.test(path) && path.endsWith(`/${filename}`),
    );
    if (archive) return serveFile(archive.archive, `"${digestOf(archive.archive)}"`)(request, response, next);
    const named = packages.filter(({ name }) => path === `/npm/${name}` || path === `/simple/${name}/`);
    if (named.length === 0) return void response.writeHead(404, { "content-type": "text/plain" }).end("Not Found");
    if (path.startsWith("/npm/"))
      return sendPackument(response, named, options.tarballHost ?? `http://${request.headers.host}/npm`);
    const accept = String(request.headers.accept);
    if (!onlyHtml && accept.includes("application/vnd.pypi.simple.v1+json")) return sendJsonIndex(response, named);
    sendHtmlIndex(response, named);
  };
  const server = await startModelServer(respond);
  return {
    seen: server.seen,
    authorizations,
    url: server.url,
    env: { npm_config_registry: server.url("/npm"), PIP_INDEX_URL: server.url("/simple"), HOME: "/nonexistent" },
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
}

function sendPackument(response: ServerResponse, packages: readonly TestPackage[], host: string): void {
  const [{ name } = { name: "" }] = packages;
  const versions = Object.fromEntries(
    packages.map(({ version, filename, archive }) => [
      version,
      { name, version, dist: { tarball: `${host}/${name}/-/${filename}`, shasum: digestOf(archive).slice(0, 40) } },
    ]),
  );
  const text = JSON.stringify({ name, modified: "2026-01-01T00:00:00.000Z", "dist-tags": {}, versions });
  response.writeHead(200, { "content-type": "application/vnd.npm.install-v1+json" }).end(text);
}

function sendJsonIndex(response: ServerResponse, packages: readonly TestPackage[]): void {
  const files = packages.map(({ filename, archive }) => ({
    filename,
    url: `/files/${filename}`,
    hashes: { sha256: digestOf(archive) },
    size: archive.length,
    yanked: false,
  }));
  const text = JSON.stringify({ meta: { "api-version": "1.1" }, name: packages[0]?.name, versions: [], files });
  response.writeHead(200, { "content-type": "application/vnd.pypi.simple.v1+json" }).end(text);
}

/** With an escaped and a bare `>` in the attributes, as indexes have them. */
function sendHtmlIndex(response: ServerResponse, packages: readonly TestPackage[]): void {
  const links = packages.map(
    ({ filename, archive }, at) =>
      `<a href="../../files/${filename}#sha256=${digestOf(archive)}" data-requires-python="${at % 2 ? "&gt;" : ">"}=3.8">${filename}</a><br/>`,
  );
  const page = `<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"></head><body><h1>Links</h1>${links.join("\n")}</body></html>`;
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
}
