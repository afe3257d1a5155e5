import { reasons } from "@pixelmesh/errors";
import type { Schema } from "../domain/parameter.ts";
import { messageOf } from "./contracts.ts";
import { type Direction, messageSchema } from "./message-schema.ts";

const integer: Schema = { type: "integer" };
const number: Schema = { type: "number" };
const text: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const sha256: Schema = { type: "string", pattern: "^[0-9a-f]{64}$" };
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const list = (items: Schema): Schema => ({ type: "array", items });
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });

/** An object whose properties are all required, except those of `optional`. */
function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
}

const page = (name: string, items: string) => object({ [name]: list(ref(items)), nextPageToken: text });

/** The properties of a message, some of them replaced, added or left out. */
function changed(
  typeName: string,
  direction: Direction,
  changes: Readonly<Record<string, Schema | undefined>>,
): Schema {
  const base = messageSchema(messageOf(typeName), direction) as {
    properties: Record<string, Schema>;
    required?: string[];
  };
  const properties = Object.fromEntries(
    Object.entries({ ...base.properties, ...changes }).filter(
      (entry): entry is [string, Schema] => entry[1] !== undefined,
    ),
  );
  const required = Object.keys(properties).filter(
    (name) => base.required?.includes(name) || (direction === "response" && name in changes),
  );
  return { ...base, properties, ...(required.length > 0 ? { required } : {}) };
}

/** A schema of an object with further properties that may be absent. */
function withMore(schema: Schema, properties: Readonly<Record<string, Schema>>): Schema {
  return { ...schema, properties: { ...(schema.properties as Record<string, Schema>), ...properties } };
}

const response = (typeName: string) => messageSchema(messageOf(typeName), "response");
const request = (typeName: string) => messageSchema(messageOf(typeName), "request");

const tally = { total: integer, succeeded: integer, failed: integer, cancelled: integer, cached: integer };
const latency = nullable(
  object({ count: integer, minMs: number, maxMs: number, avgMs: number, p50Ms: number, p95Ms: number, p99Ms: number }),
);
const means = { retrievalSecondsTotal: undefined, evictedAgeSecondsTotal: undefined };
const resultCache = nullable(
  object({
    hits: integer,
    coalesced: integer,
    misses: integer,
    bypassed: integer,
    bytes: integer,
    savedMs: integer,
    lost: integer,
    meanRetrievalMs: nullable(number),
    meanLostAgeMs: nullable(number),
    tiers: { type: "object", additionalProperties: integer },
  }),
);
const plainValue: Schema = { type: ["string", "number", "boolean", "null"] };
const headerFields = { deadlineMs: { ...integer, description: "Short for deadlineAfterMs." } };

/** Returns the schemas of the OpenAPI document, by name. Those of messages are made from the contracts. */
export function componentSchemas(): Readonly<Record<string, Schema>> {
  const parameters = list(
    changed("pixelmesh.effects.v1.ParameterDescription", "response", { defaultValue: plainValue }),
  );
  return {
    Problem: object(
      {
        type: text,
        title: text,
        status: integer,
        detail: text,
        reason: { type: "string", enum: reasons },
        fields: list(object({ name: text, description: text })),
        retryAfterMs: integer,
        jobId: text,
        traceId: text,
      },
      ["fields", "retryAfterMs", "jobId", "traceId"],
    ),
    Job: withMore(response("pixelmesh.jobs.v1.Job"), {
      traceUrl: {
        ...text,
        description: "Where its trace is shown, if the gateway knows (PIXELMESH_GATEWAY_TRACE_URL).",
      },
    }),
    JobPage: page("jobs", "Job"),
    JobRequest: changed("pixelmesh.jobs.v1.CreateJobHeader", "request", {
      ...headerFields,
      sources: list(object({ name: text, sha256, url: text }, ["name", "sha256", "url"])),
      sourceUrl: text,
    }),
    PictureForm: {
      type: "object",
      description: "Fields have the names of the query and come before the files.",
      properties: {
        pipeline: { ...text, description: "A pipeline as JSON, instead of names of the query." },
        picture: { type: "string", format: "binary" },
      },
      additionalProperties: true,
    },
    CancelJobsRequest: request("pixelmesh.jobs.v1.CancelJobsRequest"),
    CancelJobsResponse: response("pixelmesh.jobs.v1.CancelJobsResponse"),
    RetryJobsRequest: request("pixelmesh.jobs.v1.RetryJobsRequest"),
    RetryJobsResponse: object({
      matched: integer,
      jobIds: list(text),
      withoutPictures: integer,
      stopped: nullable(text),
    }),
    ImageInfo: response("pixelmesh.common.v1.ImageInfo"),
    UploadedPicture: object({ sha256, info: nullable(ref("ImageInfo")), keepUntilUnixMs: integer }),
    FindPicturesRequest: changed("pixelmesh.jobs.v1.FindPicturesRequest", "request", { sha256: list(sha256) }),
    FoundPictures: object({ pictures: list(ref("UploadedPicture")), missing: list(sha256) }),
    PreviewRequest: changed("pixelmesh.effects.v1.PreviewEffectsRequest", "request", {
      picture: undefined,
      effects: list(request("pixelmesh.common.v1.Effect")),
      job: text,
      output: text,
    }),
    Batch: changed("pixelmesh.jobs.v1.Batch", "response", { ended: undefined, cursor: undefined, jobIds: undefined }),
    BatchPage: page("batches", "Batch"),
    BatchRequest: changed("pixelmesh.jobs.v1.CreateJobHeader", "request", {
      ...headerFields,
      sources: list({ anyOf: [sha256, object({ sha256, name: text }, ["name"])] }),
    }),
    BatchJob: object({
      index: integer,
      name: text,
      jobId: nullable(text),
      state: { type: "string", enum: ["WAITING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "UNKNOWN"] },
      attempt: integer,
      error: nullable(object({ reason: { type: "string", enum: reasons }, message: text })),
    }),
    BatchJobPage: page("jobs", "BatchJob"),
    Effect: changed("pixelmesh.effects.v1.EffectDescription", "response", {
      chain: list(object({ name: text, parameters: { type: "object", additionalProperties: plainValue } })),
      parameters,
    }),
    Feature: changed("pixelmesh.jobs.v1.FeatureDescription", "response", { parameters }),
    RemoteModels: object({
      currency: text,
      models: list(changed("pixelmesh.remote.v1.RemoteModel", "response", { parameters })),
    }),
    EstimateRequest: changed("pixelmesh.jobs.v1.CreateJobHeader", "request", headerFields),
    Estimate: changed("pixelmesh.jobs.v1.EstimateCostResponse", "response", { budgetLeftMicros: nullable(integer) }),
    Model: response("pixelmesh.models.v1.Model"),
    LoadModelResponse: response("pixelmesh.models.v1.LoadModelResponse"),
    UnloadModelResponse: response("pixelmesh.models.v1.UnloadModelResponse"),
    Cluster: changed("pixelmesh.scheduler.v1.GetClusterResponse", "response", { address: text, asOfUnixMs: undefined }),
    Stats: object({
      uptimeMs: integer,
      replicas: list(response("pixelmesh.jobs.v1.ReplicaStats")),
      missing: list(text),
      jobs: object({ ...tally, refused: integer, latency }, Object.keys(tally)),
      requests: object(tally, Object.keys(tally)),
      hitRate: number,
      errorRate: number,
      operations: {
        type: "object",
        additionalProperties: object({ ...tally, savedMs: integer, latency, cache: resultCache }, Object.keys(tally)),
      },
      effects: {
        type: "object",
        additionalProperties: object({ ...tally, cache: resultCache }, Object.keys(tally)),
      },
      resultCache,
      features: {
        type: "object",
        additionalProperties: object({ ...tally, costMicros: integer, savedMicros: integer }),
      },
      costs: nullable(object({ currency: text, calls: integer, costMicros: integer, savedMicros: integer })),
      errors: { type: "object", additionalProperties: integer },
      cache: nullable(response("pixelmesh.jobs.v1.CacheStats")),
      storage: nullable(
        changed("pixelmesh.jobs.v1.StorageStats", "response", {
          ...means,
          meanRetrievalMs: nullable(number),
          meanEvictedAgeMs: nullable(number),
          tiers: list(
            changed("pixelmesh.storage.v1.TierStats", "response", {
              ...means,
              meanRetrievalMs: nullable(number),
              meanEvictedAgeMs: nullable(number),
            }),
          ),
        }),
      ),
    }),
    Health: object({
      state: { type: "string", enum: ["good", "strained", "down"] },
      words: text,
      accepting: flag,
      zones: object({ green: integer, amber: integer, red: integer }),
      oldestWaitMs: integer,
      failuresTenMinutes: integer,
    }),
    DeadLetter: { ...request("pixelmesh.jobs.v1.DeadLetter") },
    DeadLetterPage: page("deadLetters", "DeadLetter"),
    WholeDeadLetter: changed("pixelmesh.jobs.v1.DeadLetter", "request", { message: {} }),
    Replayed: object({ jobId: text }),
    Callback: response("pixelmesh.jobs.v1.Callback"),
    CallbackPage: page("callbacks", "Callback"),
  };
}
