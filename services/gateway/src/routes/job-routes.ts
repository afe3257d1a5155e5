import { toRetryJson } from "@pixelmesh/json-views";
import { CancelJobsRequest, JobState, RetryJobsRequest } from "@pixelmesh/proto";
import { addCallLogFields } from "@pixelmesh/telemetry";
import type { FastifyRequest } from "fastify";
import { filterQuery, parseFilterQuery } from "../domain/filter-query.ts";
import { toMessageJson } from "../domain/message-json.ts";
import { parsePageQuery } from "../domain/page-query.ts";
import { sendJobEvents } from "../events/send-job-events.ts";
import { parseQuery } from "../http/query.ts";
import { ingestCallOf } from "../http/request-scope.ts";
import { messageOf } from "../openapi/contracts.ts";
import { sendOutput } from "../outputs/send-output.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { jobIdParameter, lastEventHeader, pageQuery } from "./parameters.ts";
import { jsonResponse, pathValue, type Route, ref } from "./route.ts";

const tag = "Jobs";
const listQuery = { ...filterQuery, ...pageQuery(200, 50) };
const outputQuery = {
  download: {
    description: "Makes browsers save the picture, under this name or one of job and output.",
    schema: { type: "string" },
  },
};
/** Time for calls that change many jobs. */
const manyTimeoutMs = 120_000;

/** The routes that list, show, follow, cancel and retry jobs, and fetch their outputs. */
export function jobRoutes({ clients, streams, send, toJobJson }: GatewayParts): Route[] {
  const { jobs } = clients;
  return [
    {
      method: "GET",
      path: "/v1/jobs",
      id: "listJobs",
      tag,
      summary: "The jobs of the tenant, newest first",
      query: listQuery,
      responses: { 200: jsonResponse("A page of jobs", ref("JobPage")) },
      async handle(request) {
        const query = parseQuery(request, { query: listQuery });
        const filter = parseFilterQuery(query);
        const page = await jobs.listJobs(
          { ...parsePageQuery(query, 200), state: JobState.UNSPECIFIED, filter },
          ingestCallOf(request),
        );
        return { jobs: page.jobs.map(toJobJson), nextPageToken: page.nextPageToken };
      },
    },
    {
      method: "GET",
      path: "/v1/jobs/{id}",
      id: "getJob",
      tag,
      summary: "One job",
      parameters: { id: jobIdParameter },
      responses: { 200: jsonResponse("The job", ref("Job")) },
      handle: async (request) => toJobJson(await jobs.getJob({ jobId: jobIdOf(request) }, ingestCallOf(request))),
    },
    {
      method: "DELETE",
      path: "/v1/jobs/{id}",
      id: "cancelJob",
      tag,
      summary: "Cancel a job unless it has ended",
      parameters: { id: jobIdParameter },
      responses: { 200: jsonResponse("The job", ref("Job")) },
      handle: async (request) => toJobJson(await jobs.cancelJob({ jobId: jobIdOf(request) }, ingestCallOf(request))),
    },
    {
      method: "GET",
      path: "/v1/jobs/{id}/events",
      id: "followJob",
      tag,
      summary: "Follow a job by server-sent events",
      description:
        "Event `job` with the state now and after each change, then `end`. `error` with a problem document ends a stream that failed, `reconnect` one of a stopping gateway. A comment comes after each pause.",
      parameters: { id: jobIdParameter },
      headers: lastEventHeader,
      isEventStream: true,
      responses: {
        200: { description: "The events", content: { "text/event-stream": { schema: { type: "string" } } } },
        204: { description: "The end has been seen (`Last-Event-ID`)" },
      },
      handle: (request, reply) =>
        sendJobEvents(request, reply, jobIdOf(request), {
          clients,
          streams,
          toJobJson,
          call: ingestCallOf(request),
        }),
    },
    {
      method: "GET",
      path: "/v1/jobs/{id}/outputs/{name}",
      id: "getOutput",
      tag,
      summary: "The picture of an output, or a range of it",
      parameters: { id: jobIdParameter, name: { description: "Name of the output.", schema: { type: "string" } } },
      query: outputQuery,
      headers: {
        Range: { description: "One range of bytes.", schema: { type: "string" } },
        "If-Range": { description: "The range is served only for this ETag.", schema: { type: "string" } },
        "If-None-Match": { description: "Answers 304 for this ETag.", schema: { type: "string" } },
      },
      responses: {
        200: { description: "The picture", content: { "image/*": { schema: { type: "string", format: "binary" } } } },
        206: { description: "A range", content: { "image/*": { schema: { type: "string", format: "binary" } } } },
        304: { description: "The caller has it" },
        416: { description: "The range is outside of the picture" },
      },
      async handle(request, reply) {
        const saveAs = parseQuery(request, { query: outputQuery }).get("download") ?? undefined;
        const output = pathValue(request, "name");
        const call = ingestCallOf(request);
        return await sendOutput(request, reply, {
          jobId: jobIdOf(request),
          output,
          saveAs,
          takesRange: true,
          clients,
          call,
          send,
        });
      },
    },
    {
      method: "POST",
      path: "/v1/jobs:cancel",
      id: "cancelJobs",
      tag,
      summary: "Cancel the unfinished jobs that a filter matches, at most 10,000",
      body: { "application/json": { schema: ref("CancelJobsRequest") } },
      responses: { 200: jsonResponse("How many", ref("CancelJobsResponse")) },
      handle: async (request) =>
        await jobs.cancelJobs(
          CancelJobsRequest.fromJSON(toMessageJson(messageOf("pixelmesh.jobs.v1.CancelJobsRequest"), request.body, "")),
          { ...ingestCallOf(request), timeoutMs: manyTimeoutMs },
        ),
    },
    {
      method: "POST",
      path: "/v1/jobs:retry",
      id: "retryJobs",
      tag,
      summary: "Create a new job for each failed or cancelled job that a filter matches, at most 1,000",
      body: { "application/json": { schema: ref("RetryJobsRequest") } },
      responses: { 200: jsonResponse("The new jobs", ref("RetryJobsResponse")) },
      handle: async (request) =>
        toRetryJson(
          await jobs.retryJobs(
            RetryJobsRequest.fromJSON(toMessageJson(messageOf("pixelmesh.jobs.v1.RetryJobsRequest"), request.body, "")),
            { ...ingestCallOf(request), timeoutMs: manyTimeoutMs },
          ),
        ),
    },
  ];
}

/** Returns the id of the job in the path, and adds it to the log line. */
function jobIdOf(request: FastifyRequest): string {
  const jobId = pathValue(request, "id");
  addCallLogFields({ jobId });
  return jobId;
}
