import { AppError, expected } from "@pixelmesh/errors";
import { CreateJobHeader } from "@pixelmesh/proto";
import { plainValueLists, withoutPlainValues } from "../domain/effect-values.ts";
import { toMessageJson } from "../domain/message-json.ts";
import { sourceName, toUploadName } from "../domain/picture-upload.ts";
import { messageOf } from "../openapi/contracts.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";
import type { JobRequest, RequestPicture } from "./job-request.ts";

type Clients = Pick<IngestClients, "jobs">;

/** Fields of a job's JSON that are not of its header, and short names of header fields. */
type JobJson = Readonly<Record<string, unknown>>;

const maxSources = 16;

/** Returns the pipeline of a text of JSON, as the generated `fromJSON` takes it. Throws INVALID_ARGUMENT. */
export async function readPipelineJson(text: string, clients: Clients, call: IngestCall): Promise<object> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new AppError("INVALID_ARGUMENT", `Expected \`pipeline\` to be JSON: ${(error as Error).message}`);
  }
  return toMessageJson(
    messageOf("pixelmesh.pipeline.v1.Pipeline"),
    await withTypedEffects(json, clients, call),
    "pipeline",
  );
}

/** Returns JSON whose effects, feature and hosted models have the contract's settings; asks for their descriptions only where some have plain ones. */
export async function withTypedEffects(json: unknown, { jobs }: Clients, call: IngestCall): Promise<unknown> {
  const needed = plainValueLists(json);
  if (needed.size === 0) return json;
  const [effects, features, remoteModels] = await Promise.all([
    needed.has("effects") ? jobs.listEffects({}, call).then((it) => it.effects) : [],
    needed.has("features") ? jobs.listFeatures({}, call).then((it) => it.features) : [],
    needed.has("remoteModels") ? jobs.listRemoteModels({}, call).then((it) => it.models) : [],
  ]);
  return withoutPlainValues(json, { effects, features, remoteModels });
}

/**
 * Reads the header of a job or a batch from JSON: the fields of `CreateJobHeader`, and `deadlineMs` for `deadlineAfterMs`. `idempotencyKey` is the
 * request id if the JSON names none. Throws INVALID_ARGUMENT with the path of the wrong field.
 */
export async function readHeaderJson(
  { deadlineMs, ...fields }: JobJson,
  idempotencyKey: string | undefined,
  clients: Clients,
  call: IngestCall,
): Promise<CreateJobHeader> {
  const named = {
    ...fields,
    ...(deadlineMs === undefined ? {} : { deadlineAfterMs: deadlineMs }),
    ...(fields.requestId === undefined && idempotencyKey !== undefined ? { requestId: idempotencyKey } : {}),
  };
  const json = await withTypedEffects(named, clients, call);
  return CreateJobHeader.fromJSON(toMessageJson(messageOf("pixelmesh.jobs.v1.CreateJobHeader"), json, ""));
}

/** Reads a job from a body of JSON: its header, and its pictures by digest or address. Throws INVALID_ARGUMENT with the path of the wrong field. */
export async function readJsonJob(
  body: unknown,
  idempotencyKey: string | undefined,
  clients: Clients,
  call: IngestCall,
): Promise<JobRequest> {
  const { sources, sourceUrl, ...header } = asObject(body, "body");
  return {
    header: await readHeaderJson(header, idempotencyKey, clients, call),
    pictures: toPictures(sources, sourceUrl),
  };
}

function toPictures(sources: unknown, sourceUrl: unknown): RequestPicture[] {
  if ((sources === undefined) === (sourceUrl === undefined))
    throw expected("sources", "given, or sourceUrl", sources === undefined ? "none" : "both");
  const list = sources ?? [{ url: sourceUrl }];
  if (!Array.isArray(list) || list.length === 0 || list.length > maxSources)
    throw expected("sources", `a list of 1 to ${maxSources} pictures`, list);
  return list.map((source, index) => toPicture(source, index));
}

function toPicture(source: unknown, index: number): RequestPicture {
  const path = `sources[${index}]`;
  const { name = index === 0 ? sourceName : undefined, sha256, url, ...others } = asObject(source, path);
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw expected(path, "made of name, sha256, url", unknown);
  if (typeof name !== "string") throw expected(`${path}.name`, "a text", name);
  if ((sha256 === undefined) === (url === undefined))
    throw expected(path, "a picture with either sha256 or url", sha256 === undefined ? "none" : "both");
  const value = sha256 ?? url;
  if (typeof value !== "string") throw expected(`${path}.${sha256 === undefined ? "url" : "sha256"}`, "a text", value);
  return { upload: { name: toUploadName(name), ...(sha256 === undefined ? { sourceUrl: value } : { sha256: value }) } };
}

/** Returns an object of JSON. Throws INVALID_ARGUMENT for another value. */
export function asObject(value: unknown, path: string): JobJson {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JobJson;
  throw expected(path, "an object", value);
}
