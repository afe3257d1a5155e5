import { expected } from "@pixelmesh/errors";
import type { PipelineFlags, PipelineOptions } from "@pixelmesh/pipeline-flags";
import type { FastifyReply, FastifyRequest } from "fastify";
import { featureQuery, pipelineQuery } from "../domain/pipeline-query.ts";
import { parseQuery } from "../http/query.ts";
import { headerOf, ingestCallOf } from "../http/request-scope.ts";
import { createJob } from "../jobs/create-job.ts";
import { readJsonJob } from "../jobs/read-json-job.ts";
import { readQueryJob } from "../jobs/read-query-job.ts";
import { waitMsOf } from "../jobs/wait.ts";
import { answerJob } from "./answer-job.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { idempotencyHeader, waitQuery } from "./parameters.ts";
import { type Content, type Route, ref } from "./route.ts";

const query = { ...pipelineQuery, ...waitQuery };
/** How long the routes of single pictures wait if the request does not say. */
const imageWaitMs = 20_000;

const pictureBody: Content = {
  "image/*": { schema: { type: "string", format: "binary" } },
  "application/octet-stream": { schema: { type: "string", format: "binary" } },
  "multipart/form-data": { schema: ref("PictureForm") },
};

/** What one route of a single operation asks for. */
type Operation = {
  readonly name: string;
  readonly summary: string;
  readonly preset: Partial<PipelineOptions>;
  /** Returns the name of the query that the route lacks; undefined if it is there. */
  readonly missing: (flags: PipelineFlags) => string | undefined;
  /** The names of the query. Default: those of any pipeline. */
  readonly query?: NonNullable<Route["query"]>;
};

const operations: readonly Operation[] = [
  {
    name: "upscale",
    summary: "Enlarge a picture: `scale`, or `width` and `height`",
    preset: {},
    missing: ({ upscale }) => (upscale ? undefined : "scale"),
  },
  {
    name: "remove-background",
    summary: "Cut the main object of a picture out",
    preset: { removeBackground: true },
    missing: () => undefined,
  },
  {
    name: "effects",
    summary: "Apply effects to a picture: `effect`, repeated for a chain",
    preset: {},
    missing: ({ effects, variants }) => (effects.length + variants.length > 0 ? undefined : "effect"),
  },
  {
    name: "prescale",
    summary: "Shrink a picture: `max_side`",
    preset: {},
    missing: ({ maxSidePx }) => (maxSidePx === undefined ? "max_side" : undefined),
  },
  {
    name: "feature",
    summary: "Run a feature, a named pipeline of the mesh, on a picture: `name`",
    preset: {},
    missing: ({ feature }) => (feature ? undefined : "name"),
    query: { ...featureQuery, ...waitQuery },
  },
];

/** The routes that create a job: one for each operation on a picture, which wait for the result, and the one for any job. */
export function createRoutes(parts: GatewayParts): Route[] {
  const responses: Route["responses"] = {
    200: {
      description: "The picture, if the job ended in time",
      content: { "image/*": { schema: { type: "string", format: "binary" } } },
      headers: {
        ETag: "SHA-256 of the bytes, in quotes.",
        "Content-Disposition": "A file name.",
        "X-Pixelmesh-Job": "Id of the job.",
      },
    },
    202: {
      description: "The job runs",
      content: { "application/json": { schema: ref("Job") } },
      headers: { Location: "Where the job is.", "X-Pixelmesh-Job": "Id of the job." },
    },
  };
  const images = operations.map((operation): Route => {
    const id = operation.name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    return {
      method: "POST",
      path: `/v1/images/${operation.name}`,
      id,
      tag: "Pictures",
      summary: operation.summary,
      description:
        operation.query === undefined
          ? "Any other step can be added by its names. Waits 20 s for the result unless the request says otherwise."
          : "A feature is a whole pipeline, so names of steps are unknown here. Waits 20 s for the result unless the request says otherwise.",
      query: operation.query ?? query,
      headers: idempotencyHeader,
      body: pictureBody,
      responses,
      handle: (request, reply) => createFromQuery(request, reply, parts, operation, imageWaitMs),
    };
  });
  const anyJob: Operation = { name: "jobs", summary: "", preset: {}, missing: () => undefined };
  return [
    ...images,
    {
      method: "POST",
      path: "/v1/jobs",
      id: "createJob",
      tag: "Jobs",
      summary: "Create a job from a pipeline and its pictures",
      description: "Does not wait for the result unless the request says so.",
      query,
      headers: idempotencyHeader,
      body: { "application/json": { schema: ref("JobRequest") }, ...pictureBody },
      responses,
      handle: (request, reply) =>
        headerOf(request, "content-type")?.startsWith("application/json")
          ? createFromJson(request, reply, parts)
          : createFromQuery(request, reply, parts, anyJob, 0),
    },
  ];
}

async function createFromQuery(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: GatewayParts,
  { preset, missing, query: known = query }: Operation,
  defaultMs: number,
): Promise<unknown> {
  const { clients, limits, uploads, maxWaitMs } = parts;
  const given = parseQuery(request, { query: known });
  const call = ingestCallOf(request);
  const waitMs = waitMsOf(given, headerOf(request, "prefer"), { defaultMs, maxMs: maxWaitMs });
  const assertFlags = (flags: PipelineFlags) => {
    const name = missing(flags);
    if (name !== undefined) throw expected(name, "given", "nothing");
  };
  const { job, explain } = await readQueryJob({
    request,
    query: given,
    known,
    preset,
    assertFlags,
    limits,
    clients,
    call,
  });
  const created = await createJob(clients, job, uploads, call).catch((error: unknown) => {
    throw explain(error);
  });
  return await answerJob(request, reply, created, parts, { waitMs, output: given.get("output") ?? undefined });
}

async function createFromJson(request: FastifyRequest, reply: FastifyReply, parts: GatewayParts): Promise<unknown> {
  const { clients, uploads, maxWaitMs } = parts;
  const given = parseQuery(request, { query: { wait: query.wait as never, output: query.output as never } });
  const call = ingestCallOf(request);
  const waitMs = waitMsOf(given, headerOf(request, "prefer"), { defaultMs: 0, maxMs: maxWaitMs });
  const job = await readJsonJob(request.body, headerOf(request, "idempotency-key"), clients, call);
  const created = await createJob(clients, job, uploads, call);
  return await answerJob(request, reply, created, parts, { waitMs, output: given.get("output") ?? undefined });
}
