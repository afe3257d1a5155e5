import { AppError, reasonFromEnum } from "@pixelmesh/errors";
import { type Job, JobState } from "@pixelmesh/proto";
import { addCallLogFields } from "@pixelmesh/telemetry";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ingestCallOf } from "../http/request-scope.ts";
import { waitForEnd } from "../jobs/wait.ts";
import { sendOutput } from "../outputs/send-output.ts";
import type { GatewayParts } from "./gateway-parts.ts";

/**
 * Answers the creation of a job: the picture of its output if it ends within `waitMs`, its failure as a problem, else 202 with the job and where it is.
 * `output` names the output; undefined: the first one.
 */
export async function answerJob(
  request: FastifyRequest,
  reply: FastifyReply,
  created: Job,
  { clients, send, toJobJson }: GatewayParts,
  { waitMs, output }: { readonly waitMs: number; readonly output: string | undefined },
): Promise<unknown> {
  const call = ingestCallOf(request);
  const jobId = created.id;
  addCallLogFields({ jobId });
  reply.header("x-pixelmesh-job", jobId);
  const job = await waitForEnd(clients, created, waitMs, call);
  if (job.error) throw new AppError(reasonFromEnum(job.error.reason), job.error.message);
  if (waitMs > 0 && job.state === JobState.SUCCEEDED) {
    const name = output ?? job.outputs[0]?.name ?? "";
    return await sendOutput(request, reply, {
      jobId,
      output: name,
      saveAs: undefined,
      takesRange: false,
      clients,
      call,
      send,
    });
  }
  return reply.code(202).header("location", `/v1/jobs/${jobId}`).send(toJobJson(job));
}
