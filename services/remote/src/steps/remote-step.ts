import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import type { PictureLimits, Raster } from "@pixelmesh/imaging";
import { assertRemoteAllowed, canonicalJson } from "@pixelmesh/pipeline";
import { type RemoteModelOperation, type Step, StepCost, StepWait, WaitReason } from "@pixelmesh/proto";
import type { RasterContext, RasterHandler, StepOutcome } from "@pixelmesh/worker";
import { type CallResult, callModel } from "../calls/call-model.ts";
import type { CallingStep, CallParts } from "../calls/call-parts.ts";
import type { Permits } from "../calls/permits.ts";
import type { ManifestModel } from "../domain/manifest.ts";
import type { SentPicture } from "../domain/provider.ts";
import { readOutput } from "../reader/read-output.ts";
import { type Models, type OpenModel, openModel, toDeviceId } from "./open-models.ts";
import { sentSize, toSentPicture } from "./sent-picture.ts";

/** Dependencies of the handler. */
export type RemoteStepParts = {
  readonly calls: CallParts;
  readonly models: Models;
  /** Of every price. */
  readonly currency: string;
  readonly isRemoteAllowed: boolean;
  /** Bounds the steps that hold their pictures. */
  readonly permits: Permits;
  readonly limits: PictureLimits;
};

/** Creates the handler that sends pictures to a hosted model. Its slot is a call of the provider, which it holds until the provider has answered. */
export function createRemoteHandler(parts: RemoteStepParts): RasterHandler {
  const { models, permits } = parts;
  return {
    need(step) {
      assertRemoteAllowed(parts.isRemoteAllowed, `Step \`${step.id}\``);
      const { model } = openModel(models, operationOf(step).model);
      return {
        workClass: model.workClass,
        options: [{ tilePx: 0, batch: 1, peakBytes: 0, computeTokens: 0 }],
        deviceIds: [toDeviceId(model.provider)],
        model: model.name,
        modelDigest: model.digest,
      };
    },
    inputSize: (step, input) => sentSize(input, openModel(models, operationOf(step).model).model.picture),
    enter: (signal) => permits.take(signal),
    async runRasters(step, pictures, context) {
      const operation = operationOf(step);
      const open = openModel(models, operation.model);
      const result = await call(parts, open, step, pictures, context);
      // Reading the result needs no call of the provider.
      context.releaseSlot?.();
      return readResult(parts, open, operation, result, context);
    },
  };
}

async function call(
  { calls, limits }: RemoteStepParts,
  { model, provider }: OpenModel,
  step: Step,
  pictures: readonly Raster[],
  { signal, onProgress, onWait, account, frameStore }: RasterContext,
): Promise<CallResult> {
  if (account === undefined) throw new AppError("INTERNAL", "A hosted model is called for steps of jobs only");
  const operation = operationOf(step);
  const sent: SentPicture[] = [];
  for (const picture of pictures) sent.push(await toSentPicture(picture, model.picture, limits, frameStore));
  signal.throwIfAborted();
  const inputDigest = digestOf(model, operation, sent);
  const planned = { model, parameters: operation.parameters, pictures: sent, inputDigest };
  const { tenant, jobId, attempt = 1 } = account;
  const calling: CallingStep = { tenant, jobId, stepId: step.id, attempt };
  onWait?.(StepWait.create({ reason: WaitReason.PROVIDER, deviceId: toDeviceId(model.provider) }));
  try {
    return await callModel(calls, provider, calling, planned, { signal, onProgress });
  } finally {
    onWait?.(undefined);
  }
}

/** Fetches and decodes the picture of an answer. */
async function readResult(
  { limits, currency }: RemoteStepParts,
  { model, provider }: OpenModel,
  operation: RemoteModelOperation,
  { answer, estimateMicros, actualMicros, forget }: CallResult,
  { signal, frameStore }: RasterContext,
): Promise<StepOutcome<Raster>> {
  const result = operation.result || 1;
  const options = { source: provider.provider.results, limits, frameStore, signal, result };
  const [picture] = await readOutput(answer.output, options);
  if (picture === undefined)
    throw new AppError("PROVIDER_FAILED", `Model \`${model.name}\` answered without a picture number ${result}`);
  const cost = StepCost.fromPartial({ estimateMicros, actualMicros, currency, provider: model.provider });
  return { frame: picture.raster, notices: picture.notices, provider: model.provider, cost, onStored: forget };
}

/** Digest of everything that is sent. Finds the call again after a crash. */
function digestOf(model: ManifestModel, { parameters }: RemoteModelOperation, sent: readonly SentPicture[]): string {
  const hash = createHash("sha256").update(canonicalJson({ model: model.digest, parameters }));
  for (const { bytes } of sent) hash.update(createHash("sha256").update(bytes).digest());
  return hash.digest("hex");
}

function operationOf({ operation }: Step): RemoteModelOperation {
  if (operation?.$case === "remoteModel") return operation.value;
  throw new AppError("UNKNOWN_OPERATION", "Expected a remote_model step");
}
