import { AppError, expected } from "@pixelmesh/errors";
import { firstQuoted } from "@pixelmesh/flag-values";
import { type PipelineFlags, type PipelineOptions, toTypedFailure } from "@pixelmesh/pipeline-flags";
import { Pipeline } from "@pixelmesh/proto";
import type { FastifyRequest } from "fastify";
import { sourceName, toUploadName } from "../domain/picture-upload.ts";
import { namesOf, parsePipelineQuery } from "../domain/pipeline-query.ts";
import { toQueryText } from "../domain/typed-query.ts";
import { type BodyLimits, hasBody, readBody } from "../http/body.ts";
import { type Part, readParts } from "../http/multipart.ts";
import { assertNames } from "../http/query.ts";
import { headerOf } from "../http/request-scope.ts";
import type { Route } from "../routes/route.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";
import { toJobHeader } from "./job-header.ts";
import type { JobRequest, RequestPicture } from "./job-request.ts";
import { planQuery } from "./plan-query.ts";
import { readPipelineJson } from "./read-json-job.ts";

/** What reading a job from a query and a body of pictures needs. */
export type QueryJobOptions = {
  readonly request: FastifyRequest;
  readonly query: URLSearchParams;
  readonly known: NonNullable<Route["query"]>;
  /** Options that the route has set, and the check that its own operation is asked for. */
  readonly preset: Partial<PipelineOptions>;
  readonly assertFlags: (flags: PipelineFlags) => void;
  readonly limits: BodyLimits;
  readonly clients: IngestClients;
  readonly call: IngestCall;
};

/** A job of a query, and how ingest's failures read for its caller. */
export type QueryJob = { readonly job: JobRequest; readonly explain: (error: unknown) => unknown };

/**
 * Reads a job whose query, or whose form, says what is done with the picture of the body. The picture is not read yet. Throws INVALID_ARGUMENT that names
 * the wrong value.
 */
export async function readQueryJob(options: QueryJobOptions): Promise<QueryJob> {
  const { request, query, limits } = options;
  const type = (headerOf(request, "content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "multipart/form-data") return readForm(options);
  const named = namedSource(query);
  if (named) {
    if (hasBody(request)) throw expected(named.field, "left out beside a body", named.value);
    return plan(options, query, [named.picture]);
  }
  if (type !== "" && !type.startsWith("image/") && type !== "application/octet-stream")
    throw expected(
      "content-type",
      "image/*, application/octet-stream or multipart/form-data",
      type,
      "IMAGE_TYPE_UNSUPPORTED",
    );
  if (!hasBody(request)) throw new AppError("IMAGE_EMPTY", "Expected a picture as the body, got nothing");
  const sizeBytes = Number(headerOf(request, "content-length") ?? 0);
  return plan(options, query, [{ upload: { name: sourceName, sizeBytes }, chunks: readBody(request, limits) }]);
}

/** Reads the fields of a form up to its first file; the files follow as the job's pictures. */
async function readForm(options: QueryJobOptions): Promise<QueryJob> {
  const { request, limits, known } = options;
  const parts = readParts(request, readBody(request, limits));
  const query = new URLSearchParams(options.query);
  let pipelineText: string | undefined;
  let first: Extract<Part, { kind: "file" }> | undefined;
  for (;;) {
    const { value: part, done } = await parts.next();
    if (done) break;
    if (part.kind === "file") {
      first = part;
      break;
    }
    if (part.name === "pipeline") pipelineText = part.value;
    else query.append(part.name, part.value);
  }
  assertNames([...query.keys()], known);
  async function* files(): AsyncGenerator<RequestPicture> {
    const named = namedSource(query);
    if (named) yield named.picture;
    if (first) yield { upload: { name: toUploadName(first.name) }, chunks: first.chunks };
    for await (const part of parts) {
      if (part.kind === "field") throw expected(part.name, "sent before the files of the form", "after a file");
      yield { upload: { name: toUploadName(part.name) }, chunks: part.chunks };
    }
  }
  if (!first && !namedSource(query))
    throw new AppError("IMAGE_EMPTY", "Expected a file `picture` in the form, got none");
  return plan(options, query, files(), pipelineText);
}

/** Returns the picture that a query names by address or digest; undefined: its bytes are sent. Throws INVALID_ARGUMENT if both are given. */
function namedSource(
  query: URLSearchParams,
): { readonly field: string; readonly value: string; readonly picture: RequestPicture } | undefined {
  const sourceUrl = query.get("source_url");
  const sha256 = query.get("source_sha256");
  if (sourceUrl !== null && sha256 !== null) throw expected("source_sha256", "left out beside source_url", sha256);
  if (sourceUrl !== null)
    return { field: "source_url", value: sourceUrl, picture: { upload: { name: sourceName, sourceUrl } } };
  if (sha256 === null) return undefined;
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw expected("source_sha256", "64 lower-case hex digits", sha256);
  return { field: "source_sha256", value: sha256, picture: { upload: { name: sourceName, sha256 } } };
}

async function plan(
  options: QueryJobOptions,
  query: URLSearchParams,
  pictures: JobRequest["pictures"],
  pipelineText?: string,
): Promise<QueryJob> {
  const { request, preset, assertFlags, clients, call } = options;
  const settings = {
    requestId: headerOf(request, "idempotency-key") ?? "",
    callbackUrl: query.get("callback_url") ?? "",
  };
  if (pipelineText !== undefined) {
    // The format makes the query complete; the pipeline replaces what it asks for.
    const flags = parsePipelineQuery(query, { ...preset, format: "png" });
    const pipeline = Pipeline.fromJSON(await readPipelineJson(pipelineText, clients, call));
    return { job: { header: toJobHeader(flags, { pipeline }, settings), pictures }, explain: (error) => error };
  }
  const given = parsePipelineQuery(query, preset, options.known);
  assertFlags(given);
  const names = namesOf(query);
  const { work, flags, catalogue } = await planQuery(clients, given, names, call);
  const pipeline = work.pipeline ?? Pipeline.create();
  return {
    job: { header: toJobHeader(flags, work, settings), pictures },
    explain(error) {
      if (!(error instanceof AppError)) return error;
      const { reason, metadata, retryAfterMs, cause } = error;
      const rewrite = (message: string) =>
        toQueryText(toTypedFailure({ reason, message }, flags, pipeline, catalogue).message, names);
      const fields = error.fields.map(({ field, description }) => {
        const typed = rewrite(description);
        return { field: firstQuoted(typed).split(" ")[0] || field, description: typed };
      });
      const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
      return new AppError(reason, rewrite(error.message), { metadata, fields, cause, ...retry });
    },
  };
}
