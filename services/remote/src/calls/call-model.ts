import { AppError, toAppError } from "@pixelmesh/errors";
import { estimateMicros } from "@pixelmesh/pipeline";
import type { ProviderAnswer } from "../domain/provider.ts";
import type { StoredPrediction } from "../predictions/prediction-store.ts";
import type { CallingStep, CallParts, OpenProvider } from "./call-parts.ts";
import { actualMicros } from "./cost.ts";
import { abandonPrediction, forgetPrediction, settle } from "./end-prediction.ts";
import {
  announceCall,
  findOrStart,
  outcomeOf,
  type PlannedCall,
  type Prediction,
  startPrediction,
} from "./start-prediction.ts";

/** The answer to a call, and what it cost. */
export type CallResult = {
  readonly answer: ProviderAnswer;
  readonly estimateMicros: number;
  readonly actualMicros: number;
  /** Forgets the prediction, once its result is stored: until then a redelivered step reads the answer again. */
  readonly forget: () => Promise<void>;
};

/**
 * Calls a hosted model for a step. A prediction that an earlier delivery or attempt of the step has started is taken over, so that it is paid for once. If the
 * signal is aborted, the prediction is cancelled at the provider; only that of a worker that is stopping goes on, for the worker that takes over.
 */
export async function callModel(
  parts: CallParts,
  open: OpenProvider,
  step: CallingStep,
  planned: PlannedCall,
  control: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
): Promise<CallResult> {
  const { model } = planned;
  const { signal } = control;
  const labels = { provider: open.settings.name, model: model.name };
  const count = (outcome: "succeeded" | "failed" | "refused" | "busy" | "cancelled") =>
    parts.base.metrics.count("pixelmesh_provider_requests_total", { ...labels, outcome });
  const startedMs = performance.now();
  try {
    const prediction = await openPrediction(parts, open, step, planned, signal);
    const answer =
      "answer" in prediction ? prediction.answer : await waitFor(parts, open, prediction, planned, control);
    const tookMs = performance.now() - startedMs;
    parts.base.metrics.observe("pixelmesh_provider_call_seconds", labels, tookMs / 1_000);
    count("succeeded");
    const micros = actualMicros(model.price, answer.computeSeconds ?? tookMs / 1_000);
    await settle(parts, prediction.stored, micros);
    return {
      answer,
      estimateMicros: estimateMicros(model),
      actualMicros: micros,
      forget: () => forgetPrediction(parts, prediction.stored, micros),
    };
  } catch (error) {
    const outcome = signal.aborted ? "cancelled" : countedOutcome(error);
    if (outcome !== undefined) count(outcome);
    signal.throwIfAborted();
    throw error;
  }
}

/** Takes over the prediction of an earlier delivery or attempt, or makes the call. */
async function openPrediction(
  parts: CallParts,
  open: OpenProvider,
  step: CallingStep,
  planned: PlannedCall,
  signal: AbortSignal,
): Promise<Prediction> {
  const { model, inputDigest } = planned;
  const { tenant, jobId, stepId } = step;
  const found = await parts.predictions.find({ tenant, jobId, stepId });
  const isSame = found?.entry.modelDigest === model.digest && found.entry.inputDigest === inputDigest;
  if (found && !isSame) await abandonOther(parts, open, found, planned);
  if (!found || !isSame) {
    const stored = await announceCall(parts, open, step, planned);
    return startPrediction(parts, open, stored, planned, { isNew: true, isExtra: step.attempt > 1 }, signal);
  }
  parts.base.metrics.count("pixelmesh_predictions_resumed_total", { provider: open.settings.name });
  const { predictionId: id } = found.entry;
  return id === "" ? findOrStart(parts, open, found, planned, signal) : { stored: found, id, end: open.gate.observe };
}

/** The manifest has changed since an earlier attempt: its prediction is of no use. */
async function abandonOther(
  parts: CallParts,
  { provider }: OpenProvider,
  found: StoredPrediction,
  { model }: PlannedCall,
): Promise<void> {
  if (found.entry.provider === provider.name) await abandonPrediction(parts, provider, model, found);
  const rest = await parts.predictions.find(found.key);
  if (rest) await forgetPrediction(parts, rest, rest.entry.reservedMicros);
}

async function waitFor(
  parts: CallParts,
  { provider }: OpenProvider,
  { stored, id, end }: Extract<Prediction, { id: string }>,
  { model }: PlannedCall,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
): Promise<ProviderAnswer> {
  try {
    const answer = await provider.wait(model, id, signal, onProgress);
    end("succeeded");
    return answer;
  } catch (error) {
    if (signal.aborted) {
      end("unknown");
      if (toAppError(signal.reason).reason !== "STOPPING") await abandonPrediction(parts, provider, model, stored);
      throw signal.reason;
    }
    end(outcomeOf(error));
    if (error instanceof AppError && error.metadata.prediction === "ended") await forgetPrediction(parts, stored, 0);
    throw error;
  }
}

/** Undefined where the mesh itself made no request. */
function countedOutcome(error: unknown): "failed" | "refused" | "busy" | undefined {
  const { reason } = toAppError(error);
  if (reason === "PROVIDER_NOT_CONFIGURED" || reason === "BUDGET_EXCEEDED") return undefined;
  if (reason === "PROVIDER_BUSY") return "busy";
  return outcomeOf(error) === "refused" ? "refused" : "failed";
}
