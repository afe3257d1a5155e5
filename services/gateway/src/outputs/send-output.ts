import type { OutgoingHttpHeaders } from "node:http";
import type { Job, OutputStatus } from "@pixelmesh/proto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isNoneMatchHit, isRangeAllowed } from "../domain/conditions.ts";
import { toContentDisposition } from "../domain/content-disposition.ts";
import { endingOf, mediaTypeOf } from "../domain/picture-formats.ts";
import { parseRange } from "../domain/range.ts";
import { headerOf } from "../http/request-scope.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";
import { openOutput } from "./open-output.ts";
import { type SendOptions, sendBytes } from "./send-bytes.ts";

/** Which output is sent, and how. */
export type OutputAnswer = {
  readonly jobId: string;
  readonly output: string;
  /** The name under which a browser saves it; undefined: it is shown. An empty one is made of job and output. */
  readonly saveAs: string | undefined;
  /** Whether `Range` is read: not where the response is that of a POST. */
  readonly takesRange: boolean;
  readonly clients: IngestClients;
  readonly call: IngestCall;
  readonly send: SendOptions;
};

/** Sends an output of a job, a range of it, its head, or 304, as the request asks. Throws JOB_NOT_FOUND, OUTPUT_* or BLOB_*. */
export async function sendOutput(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: OutputAnswer,
): Promise<FastifyReply> {
  const { jobId, output, clients, call } = answer;
  const noneMatch = headerOf(request, "if-none-match");
  const range = answer.takesRange && request.method === "GET" ? headerOf(request, "range") : undefined;
  const isPlain = noneMatch === undefined && range === undefined && request.method !== "HEAD";
  const known = isPlain ? undefined : findOutput(await clients.jobs.getJob({ jobId }, call), output);
  if (known?.ready) {
    const etag = `"${known.sha256}"`;
    if (isNoneMatchHit(noneMatch, etag)) return setHead(reply, known, answer).code(304).send();
    if (request.method === "HEAD") return sendHead(setHead(reply, known, answer), known.sizeBytes);
    const wanted =
      range !== undefined && isRangeAllowed(headerOf(request, "if-range"), etag)
        ? parseRange(range, known.sizeBytes)
        : undefined;
    if (wanted === "unsatisfiable")
      return setHead(reply, known, answer).code(416).header("content-range", `bytes */${known.sizeBytes}`).send();
    if (wanted) {
      const { start, end } = wanted;
      const { header, chunks } = await openOutput(clients, { jobId, output, offsetBytes: start }, call);
      setHead(reply, header, answer).code(206).header("content-range", `bytes ${start}-${end}/${header.sizeBytes}`);
      return await sendBytes(reply, chunks, end - start + 1, answer.send);
    }
  }
  const { header, chunks } = await openOutput(clients, { jobId, output }, call);
  return await sendBytes(setHead(reply, header, answer), chunks, header.sizeBytes, answer.send);
}

/** Sends the head alone. Fastify would send the length of the body that it does not have. */
function sendHead(reply: FastifyReply, sizeBytes: number): FastifyReply {
  reply.hijack();
  reply.raw.writeHead(200, { ...reply.getHeaders(), "content-length": sizeBytes } as OutgoingHttpHeaders);
  reply.raw.end();
  return reply;
}

function findOutput({ outputs }: Job, name: string): OutputStatus | undefined {
  return outputs.find((output) => output.name === name);
}

function setHead(reply: FastifyReply, { sha256, format, name }: OutputStatus, answer: OutputAnswer): FastifyReply {
  const { jobId, saveAs, takesRange } = answer;
  const ownName = `${jobId}.${name}.${endingOf(format)}`;
  return reply.headers({
    "content-type": mediaTypeOf(format),
    etag: `"${sha256}"`,
    "content-disposition": toContentDisposition(saveAs === undefined ? "inline" : "attachment", saveAs || ownName),
    // Its bytes never change; tenants share no cache.
    "cache-control": "private, max-age=3600",
    ...(takesRange ? { "accept-ranges": "bytes" } : {}),
  });
}
