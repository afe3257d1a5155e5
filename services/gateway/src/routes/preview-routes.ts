import { expected } from "@pixelmesh/errors";
import { choiceFlag, type EffectText, parseEffectText } from "@pixelmesh/flag-values";
import { toEffect } from "@pixelmesh/pipeline-flags";
import { type Effect, PreviewEffectsRequest, type PreviewEffectsResponse, PreviewMode } from "@pixelmesh/proto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { toMessageJson } from "../domain/message-json.ts";
import { mediaTypeOf } from "../domain/picture-formats.ts";
import { inQuery } from "../domain/typed-query.ts";
import { readBody } from "../http/body.ts";
import { parseQuery } from "../http/query.ts";
import { headerOf, ingestCallOf } from "../http/request-scope.ts";
import { createChunkSource } from "../jobs/chunk-source.ts";
import { asObject, withTypedEffects } from "../jobs/read-json-job.ts";
import { messageOf } from "../openapi/contracts.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { type Route, ref } from "./route.ts";

const modes = ["fast", "balanced", "high"] as const;
const previewQuery = {
  effect: {
    description: "`NAME[:key=value,…]` or `preset:NAME`; repeated for a chain.",
    schema: { type: "string" },
    isRepeated: true,
  },
  mode: { description: "Longer side: 300, 500 or 800 px.", schema: { type: "string", enum: modes } },
  viewer: {
    description: "The view that asks. A newer preview in it of the same picture ends the older one.",
    schema: { type: "string", maxLength: 64 },
  },
};
const previewTimeoutMs = 60_000;

/** The route of previews. */
export function previewRoutes(parts: GatewayParts): Route[] {
  const binary = { schema: { type: "string", format: "binary" } };
  return [
    {
      method: "POST",
      path: "/v1/previews",
      id: "previewEffects",
      tag: "Pictures",
      summary: "A small preview of effects on a picture",
      description:
        "The picture is the body, with effects in the query; or JSON names it by its digest or as an output of a job. `X-Pixelmesh-Source-Sha256` is the digest by which the next preview finds it again for some minutes.",
      query: previewQuery,
      body: {
        "application/json": { schema: ref("PreviewRequest") },
        "image/*": binary,
        "application/octet-stream": binary,
      },
      responses: {
        200: {
          description: "The preview",
          content: { "image/*": binary },
          headers: {
            "X-Pixelmesh-Source-Sha256": "Digest of the picture.",
            "X-Pixelmesh-Cached": "`true` if the preview was there already.",
            "X-Pixelmesh-Memory-Bytes":
              "Estimated memory of the mesh for this preview; of one that was there already, what it takes.",
            "Server-Timing": "Time in the mesh, in ms.",
          },
        },
      },
      async handle(request, reply) {
        const beganMs = performance.now();
        const query = parseQuery(request, { query: previewQuery });
        const call = { ...ingestCallOf(request), timeoutMs: previewTimeoutMs };
        const isJson = headerOf(request, "content-type")?.startsWith("application/json");
        const preview = await (isJson ? byName(request, parts, call) : byBytes(request, query, parts, call));
        return sendPreview(reply, preview, performance.now() - beganMs);
      },
    },
  ];
}

/** A preview of a picture that the mesh has. `job` and `output` are short for `jobOutput`, `effects` for its operation. */
async function byName(
  request: FastifyRequest,
  { clients }: GatewayParts,
  call: IngestCall,
): Promise<PreviewEffectsResponse> {
  const { effects, job, output, picture: _, ...others } = asObject(request.body, "body");
  if (output !== undefined && job === undefined) throw expected("job", "given beside output", "nothing");
  const named = {
    ...others,
    ...(effects === undefined ? {} : { operation: { effects } }),
    ...(job === undefined ? {} : { jobOutput: { jobId: job, name: output ?? "" } }),
  };
  const json = await withTypedEffects(named, clients, call);
  const message = toMessageJson(messageOf("pixelmesh.effects.v1.PreviewEffectsRequest"), json, "");
  return await clients.effects.previewEffects(PreviewEffectsRequest.fromJSON(message), call);
}

/** A preview of the picture in the body. */
async function byBytes(
  request: FastifyRequest,
  query: URLSearchParams,
  { clients, uploads, limits }: GatewayParts,
  call: IngestCall,
): Promise<PreviewEffectsResponse> {
  const texts = inQuery(() => query.getAll("effect").map((text) => parseEffectText(text)));
  const word = query.get("mode");
  const header = {
    operation: { effects: await toEffects(texts, clients, call) },
    maxSidePx: 0,
    encoding: undefined,
    mode: word === null ? PreviewMode.UNSPECIFIED : toMode(word),
    viewer: query.get("viewer") ?? "",
  };
  const source = createChunkSource(readBody(request, limits), uploads);
  async function* requests() {
    yield { part: { $case: "header" as const, value: header } };
    for await (const value of source.chunks()) yield { part: { $case: "chunk" as const, value } };
  }
  return await source.during(() => clients.effects.previewPicture(requests(), call));
}

async function toEffects(
  texts: readonly EffectText[],
  { jobs }: GatewayParts["clients"],
  call: IngestCall,
): Promise<Effect[]> {
  const catalogue = texts.some(({ settings }) => Object.keys(settings).length > 0)
    ? (await jobs.listEffects({}, call)).effects
    : [];
  return texts.map((text) => toEffect(text, catalogue, () => 0));
}

function toMode(word: string): PreviewMode {
  const mode = inQuery(() => choiceFlag("--mode", modes)(word));
  return PreviewMode[mode.toUpperCase() as Uppercase<typeof mode>];
}

function sendPreview(reply: FastifyReply, preview: PreviewEffectsResponse, ms: number): FastifyReply {
  const { header, picture, sourceSha256, cached, memoryBytes } = preview;
  return reply
    .headers({
      "content-type": header ? mediaTypeOf(header.format) : "application/octet-stream",
      "cache-control": "no-store",
      "x-pixelmesh-source-sha256": sourceSha256,
      "x-pixelmesh-cached": String(cached),
      "x-pixelmesh-memory-bytes": String(memoryBytes),
      "server-timing": `mesh;dur=${ms.toFixed(1)}`,
    })
    .send(Buffer.from(picture.buffer, picture.byteOffset, picture.byteLength));
}
