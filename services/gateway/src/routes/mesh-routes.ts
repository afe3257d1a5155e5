import { AppError, type Reason } from "@pixelmesh/errors";
import {
  toClusterJson,
  toEffectJson,
  toEstimateJson,
  toFeatureJson,
  toRemoteModelJson,
  toStatsJson,
} from "@pixelmesh/json-views";
import { JobState } from "@pixelmesh/proto";
import { parseFilterQuery } from "../domain/filter-query.ts";
import { type MeshHealth, toDown, toHealth } from "../domain/health-words.ts";
import { parseQuery } from "../http/query.ts";
import { ingestCallOf } from "../http/request-scope.ts";
import { asObject, readHeaderJson } from "../jobs/read-json-job.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import { toNamedFailure } from "../rpc/ingest-failure.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { jsonResponse, type Route, ref } from "./route.ts";

const tag = "Mesh";

/** Failures that mean that no job is accepted now, rather than that the request was wrong. */
const downReasons: ReadonlySet<Reason> = new Set([
  "SERVICE_UNAVAILABLE",
  "BROKER_UNAVAILABLE",
  "STORAGE_UNAVAILABLE",
  "STOPPING",
  "DEADLINE_EXCEEDED",
]);
const tenMinutesMs = 600_000;

/** The routes about the mesh as a whole: effects, features, models, costs, cluster, statistics, health. */
export function meshRoutes({ clients, ingestAddress }: GatewayParts): Route[] {
  const { jobs } = clients;
  const modelQuery = {
    task: { description: "Only models of this task: `upscale` or `matte`.", schema: { type: "string" } },
  };
  return [
    {
      method: "GET",
      path: "/v1/effects",
      id: "listEffects",
      tag,
      summary: "Every effect with its parameters, types and ranges",
      responses: { 200: jsonResponse("The effects", { type: "array", items: ref("Effect") }) },
      handle: async (request) => (await jobs.listEffects({}, ingestCallOf(request))).effects.map(toEffectJson),
    },
    {
      method: "GET",
      path: "/v1/features",
      id: "listFeatures",
      tag,
      summary: "The named pipelines of the mesh, with their parameters, their steps and where these run",
      responses: { 200: jsonResponse("The features", { type: "array", items: ref("Feature") }) },
      handle: async (request) => (await jobs.listFeatures({}, ingestCallOf(request))).features.map(toFeatureJson),
    },
    {
      method: "GET",
      path: "/v1/remote-models",
      id: "listRemoteModels",
      tag,
      summary: "The hosted models of the mesh, with their parameters and prices",
      responses: { 200: jsonResponse("The hosted models", ref("RemoteModels")) },
      async handle(request) {
        const { models, currency } = await jobs.listRemoteModels({}, ingestCallOf(request));
        return { currency, models: models.map(toRemoteModelJson) };
      },
    },
    {
      method: "POST",
      path: "/v1/jobs:estimate",
      id: "estimateCost",
      tag,
      summary: "What the hosted models of a job would cost",
      description: "Takes the fields of a job without its pictures. Creates nothing.",
      body: { "application/json": { schema: ref("EstimateRequest") } },
      responses: { 200: jsonResponse("The estimate, in millionths of the currency", ref("Estimate")) },
      async handle(request) {
        const call = ingestCallOf(request);
        const header = await readHeaderJson(asObject(request.body, "body"), undefined, clients, call);
        return toEstimateJson(await jobs.estimateCost({ header }, call));
      },
    },
    {
      method: "GET",
      path: "/v1/models",
      id: "listModels",
      tag,
      summary: "The models of all services",
      query: modelQuery,
      responses: { 200: jsonResponse("The models", { type: "array", items: ref("Model") }) },
      async handle(request) {
        const task = parseQuery(request, { query: modelQuery }).get("task") ?? "";
        return (await jobs.listModels({ task }, ingestCallOf(request))).models;
      },
    },
    {
      method: "GET",
      path: "/v1/cluster",
      id: "getCluster",
      tag,
      summary: "Services, devices, slots and queues now",
      responses: { 200: jsonResponse("The cluster", ref("Cluster")) },
      handle: async (request) => toClusterJson(ingestAddress, await jobs.getCluster({}, ingestCallOf(request))),
    },
    {
      method: "GET",
      path: "/v1/stats",
      id: "getStats",
      tag,
      summary: "Counts, rates, latencies, errors and caches of the mesh",
      responses: { 200: jsonResponse("The statistics", ref("Stats")) },
      handle: async (request) => toStatsJson(await jobs.getStats({ ownOnly: false }, ingestCallOf(request))),
    },
    {
      method: "GET",
      path: "/v1/health",
      id: "getHealth",
      tag,
      summary: "The health of the mesh in one line and in numbers",
      responses: { 200: jsonResponse("The health", ref("Health")) },
      handle: (request) => readHealth(clients, ingestCallOf(request)),
    },
  ];
}

async function readHealth({ jobs }: GatewayParts["clients"], call: IngestCall): Promise<MeshHealth> {
  const failed = parseFilterQuery(new URLSearchParams({ state: "failed" }));
  const filter = { ...failed, createdAfterUnixMs: Date.now() - tenMinutesMs };
  try {
    const [cluster, failures] = await Promise.all([
      jobs.getCluster({}, call),
      jobs.listJobs({ pageSize: 200, pageToken: "", state: JobState.UNSPECIFIED, filter }, call),
    ]);
    return toHealth(cluster.devices, cluster.queues, failures.jobs.length, failures.nextPageToken !== "");
  } catch (error) {
    if (error instanceof AppError && downReasons.has(error.reason)) return toDown(toNamedFailure(error).message);
    throw error;
  }
}
