import { expected } from "@pixelmesh/errors";
import { choiceFlag } from "@pixelmesh/flag-values";
import { toBatchJobJson, toBatchJson, toStateNumber } from "@pixelmesh/json-views";
import { type CreateBatchRequest, JobState } from "@pixelmesh/proto";
import type { FastifyRequest } from "fastify";
import { parsePageQuery } from "../domain/page-query.ts";
import { inQuery } from "../domain/typed-query.ts";
import { sendBatchEvents } from "../events/send-batch-events.ts";
import { parseQuery } from "../http/query.ts";
import { headerOf, ingestCallOf } from "../http/request-scope.ts";
import { asObject, readHeaderJson } from "../jobs/read-json-job.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { batchIdParameter, idempotencyHeader, lastEventHeader, pageQuery } from "./parameters.ts";
import { jsonResponse, pathValue, type Route, ref } from "./route.ts";

const tag = "Batches";
const stateWords = ["running", "succeeded", "failed", "cancelled"] as const;
const jobsQuery = {
  ...pageQuery(1_000, 200),
  state: { description: "Only jobs in this state.", schema: { type: "string", enum: stateWords } },
};
const listQuery = pageQuery(200, 50);
const createTimeoutMs = 5 * 60_000;
const maxSources = 10_000;
/** Digests and names of all sources, and the pipeline. */
const maxBatchBytes = 8 * 1024 * 1024;

/** The routes of batches: one pipeline on many stored pictures. */
export function batchRoutes({ clients, streams }: GatewayParts): Route[] {
  const { jobs } = clients;
  const parameters = { id: batchIdParameter };
  const batchId = (request: FastifyRequest) => ({ batchId: pathValue(request, "id") });
  const batch = jsonResponse("The batch", ref("Batch"));
  return [
    {
      method: "POST",
      path: "/v1/batches",
      id: "createBatch",
      tag,
      summary: "Create a batch: one job for each of many stored pictures",
      headers: idempotencyHeader,
      body: { "application/json": { schema: ref("BatchRequest") } },
      maxJsonBytes: maxBatchBytes,
      responses: { 202: { ...batch, headers: { Location: "Where the batch is." } } },
      async handle(request, reply) {
        const call = ingestCallOf(request);
        const created = await jobs.createBatch(await readBatch(request, clients, call), {
          ...call,
          timeoutMs: createTimeoutMs,
        });
        return reply.code(202).header("location", `/v1/batches/${created.id}`).send(toBatchJson(created));
      },
    },
    {
      method: "GET",
      path: "/v1/batches",
      id: "listBatches",
      tag,
      summary: "The batches of the tenant, newest first",
      query: listQuery,
      responses: { 200: jsonResponse("A page of batches", ref("BatchPage")) },
      async handle(request) {
        const page = parsePageQuery(parseQuery(request, { query: listQuery }), 200);
        const { batches, nextPageToken } = await jobs.listBatches(page, ingestCallOf(request));
        return { batches: batches.map(toBatchJson), nextPageToken };
      },
    },
    {
      method: "GET",
      path: "/v1/batches/{id}",
      id: "getBatch",
      tag,
      summary: "One batch",
      parameters,
      responses: { 200: batch },
      handle: async (request) => toBatchJson(await jobs.getBatch(batchId(request), ingestCallOf(request))),
    },
    {
      method: "GET",
      path: "/v1/batches/{id}/jobs",
      id: "listBatchJobs",
      tag,
      summary: "The jobs of a batch, in the order of its pictures",
      parameters,
      query: jobsQuery,
      responses: { 200: jsonResponse("A page of jobs", ref("BatchJobPage")) },
      async handle(request) {
        const query = parseQuery(request, { query: jobsQuery });
        const word = query.get("state");
        const state =
          word === null ? JobState.UNSPECIFIED : toStateNumber(inQuery(() => choiceFlag("--state", stateWords)(word)));
        const page = { ...batchId(request), ...parsePageQuery(query, 1_000), state };
        const { jobs: found, nextPageToken } = await jobs.listBatchJobs(page, ingestCallOf(request));
        return { jobs: found.map(toBatchJobJson), nextPageToken };
      },
    },
    {
      method: "GET",
      path: "/v1/batches/{id}/events",
      id: "followBatch",
      tag,
      summary: "Follow a batch by server-sent events",
      description:
        "Event `batch` with the jobs that have ended since the event before, then `end`. `Last-Event-ID` continues.",
      parameters,
      headers: lastEventHeader,
      isEventStream: true,
      responses: {
        200: { description: "The events", content: { "text/event-stream": { schema: { type: "string" } } } },
        204: { description: "The end has been seen (`Last-Event-ID`)" },
      },
      handle: (request, reply) =>
        sendBatchEvents(request, reply, pathValue(request, "id"), { clients, streams, call: ingestCallOf(request) }),
    },
    {
      method: "DELETE",
      path: "/v1/batches/{id}",
      id: "cancelBatch",
      tag,
      summary: "Cancel what has not ended of a batch",
      parameters,
      responses: { 200: batch },
      handle: async (request) => toBatchJson(await jobs.cancelBatch(batchId(request), ingestCallOf(request))),
    },
    {
      method: "POST",
      path: "/v1/batches/{id}:retry",
      id: "retryBatch",
      tag,
      summary: "Retry the failed jobs of a batch",
      parameters,
      responses: { 200: batch },
      handle: async (request) => toBatchJson(await jobs.retryBatch(batchId(request), ingestCallOf(request))),
    },
  ];
}

/** Reads a batch from a body of JSON: the fields of a job's header, and `sources` as `{name, sha256}` or digests. Throws INVALID_ARGUMENT. */
async function readBatch(
  request: FastifyRequest,
  clients: GatewayParts["clients"],
  call: IngestCall,
): Promise<CreateBatchRequest> {
  const { sources, ...header } = asObject(request.body, "body");
  if (!Array.isArray(sources) || sources.length === 0 || sources.length > maxSources)
    throw expected("sources", `a list of 1 to ${maxSources} pictures`, sources);
  const read = sources.map((source: unknown, index) => {
    const path = `sources[${index}]`;
    const { sha256, name = "" } = typeof source === "string" ? { sha256: source } : asObject(source, path);
    if (typeof sha256 !== "string") throw expected(`${path}.sha256`, "a text", sha256);
    if (typeof name !== "string") throw expected(`${path}.name`, "a text", name);
    return { sha256, name };
  });
  return {
    header: await readHeaderJson(header, headerOf(request, "idempotency-key"), clients, call),
    sources: read.map(({ sha256 }) => ({ sha256, sizeBytes: 0, mediaType: "" })),
    names: read.some(({ name }) => name !== "") ? read.map(({ name }) => name) : [],
  };
}
