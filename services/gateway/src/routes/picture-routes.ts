import { toImageInfoJson } from "@pixelmesh/json-views";
import type { FastifyRequest } from "fastify";
import { readBody } from "../http/body.ts";
import { parseQuery } from "../http/query.ts";
import { headerOf, ingestCallOf } from "../http/request-scope.ts";
import { createChunkSource } from "../jobs/chunk-source.ts";
import { uploadTimeoutMs } from "../jobs/create-job.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { type Content, jsonResponse, type Route, ref } from "./route.ts";

const tag = "Pictures";
const body: Content = {
  "image/*": { schema: { type: "string", format: "binary" } },
  "application/octet-stream": { schema: { type: "string", format: "binary" } },
};
const uploadQuery = {
  sha256: {
    description: "The digest that the bytes must have.",
    schema: { type: "string", pattern: "^[0-9a-f]{64}$" },
  },
};

/** The routes about single pictures without a job: store one for later, tell its properties. */
export function pictureRoutes({ clients, uploads, limits }: GatewayParts): Route[] {
  const { jobs, pictures } = clients;
  const chunksOf = (request: FastifyRequest) => createChunkSource(readBody(request, limits), uploads);
  return [
    {
      method: "POST",
      path: "/v1/pictures",
      id: "uploadPicture",
      tag,
      summary: "Store a picture for an hour, for jobs and batches that name it by its digest",
      query: uploadQuery,
      body,
      responses: { 200: jsonResponse("Digest and properties", ref("UploadedPicture")) },
      async handle(request) {
        const sha256 = parseQuery(request, { query: uploadQuery }).get("sha256") ?? "";
        const sizeBytes = Number(headerOf(request, "content-length") ?? 0);
        const source = chunksOf(request);
        async function* requests() {
          yield { part: { $case: "header" as const, value: { sha256, sizeBytes } } };
          for await (const value of source.chunks()) yield { part: { $case: "chunk" as const, value } };
          yield { part: { $case: "end" as const, value: {} } };
        }
        const call = { ...ingestCallOf(request), timeoutMs: uploadTimeoutMs };
        const { blob, info, keepUntilUnixMs } = await source.during(() => jobs.uploadPicture(requests(), call));
        return { sha256: blob?.sha256 ?? "", info: info ? toImageInfoJson(info) : null, keepUntilUnixMs };
      },
    },
    {
      method: "POST",
      path: "/v1/inspect",
      id: "inspectPicture",
      tag,
      summary: "The properties that a picture's header tells; nothing is stored",
      body,
      responses: { 200: jsonResponse("The properties", ref("ImageInfo")) },
      async handle(request) {
        const source = chunksOf(request);
        async function* requests() {
          for await (const chunk of source.chunks()) yield { chunk };
        }
        const call = { ...ingestCallOf(request), timeoutMs: uploadTimeoutMs };
        const { info } = await source.during(() => pictures.inspectImage(requests(), call));
        return info ? toImageInfoJson(info) : null;
      },
    },
  ];
}
