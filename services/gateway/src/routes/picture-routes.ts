import { toImageInfoJson } from "@pixelmesh/json-views";
import { FindPicturesRequest, type UploadPictureResponse } from "@pixelmesh/proto";
import type { FastifyRequest } from "fastify";
import { toMessageJson } from "../domain/message-json.ts";
import { readBody } from "../http/body.ts";
import { parseQuery } from "../http/query.ts";
import { headerOf, ingestCallOf } from "../http/request-scope.ts";
import { createChunkSource } from "../jobs/chunk-source.ts";
import { uploadTimeoutMs } from "../jobs/create-job.ts";
import { messageOf } from "../openapi/contracts.ts";
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
        return toUploadedJson(await source.during(() => jobs.uploadPicture(requests(), call)));
      },
    },
    {
      method: "POST",
      path: "/v1/pictures:find",
      id: "findPictures",
      tag,
      summary: "Which of up to 100 pictures the mesh has of the caller, by digest, so that only the others are sent",
      description:
        "`keep` keeps those that are found for an hour, as an upload does. Pictures that only others have sent are missing.",
      body: { "application/json": { schema: ref("FindPicturesRequest") } },
      responses: { 200: jsonResponse("The pictures that need not be sent, and the others", ref("FoundPictures")) },
      async handle(request) {
        const message = messageOf("pixelmesh.jobs.v1.FindPicturesRequest");
        const asked = FindPicturesRequest.fromJSON(toMessageJson(message, request.body, ""));
        const pictures = (await jobs.findPictures(asked, ingestCallOf(request))).pictures.map(toUploadedJson);
        const found = new Set(pictures.map(({ sha256 }) => sha256));
        return { pictures, missing: asked.sha256.filter((digest) => !found.has(digest)) };
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

function toUploadedJson({ blob, info, keepUntilUnixMs }: UploadPictureResponse) {
  return { sha256: blob?.sha256 ?? "", info: info ? toImageInfoJson(info) : null, keepUntilUnixMs };
}
