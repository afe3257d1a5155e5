import { randomUUID } from "node:crypto";
import { waitForBroker } from "@pixelmesh/bus";
import { AppError, toAppError } from "@pixelmesh/errors";
import { estimateMicros } from "@pixelmesh/pipeline";
import { PredictionEntry } from "@pixelmesh/proto";
import type { ProviderAnswer, ProviderCall } from "../domain/provider.ts";
import type { StoredPrediction } from "../predictions/prediction-store.ts";
import { type CallingStep, type CallParts, type OpenProvider, reservedUntil } from "./call-parts.ts";
import { forgetPrediction, settle } from "./end-prediction.ts";
import type { CallOutcome } from "./provider-gate.ts";

/** A prediction to wait for, or the answer of a provider that answers at once. */
export type Prediction =
  | {
      readonly stored: StoredPrediction;
      readonly id: string;
      /** Called once with how it ended. */
      readonly end: (outcome: CallOutcome) => void;
    }
  | { readonly stored: StoredPrediction; readonly answer: ProviderAnswer };

/** What a call sends, before it has an id. */
export type PlannedCall = Omit<ProviderCall, "callId"> & { readonly inputDigest: string };

const brokerTimeoutMs = 10_000;
/** Clocks of the mesh and the provider may differ by so much. */
const clockSlackMs = 60_000;
/** A call whose step has ended may still bring the id of its prediction, which is then cancelled. */
const idWithinMs = 5_000;

/** Stores that the step is about to call, and reserves its budget. Throws BUDGET_EXCEEDED; then nothing is stored. */
export async function announceCall(
  parts: CallParts,
  { gate, settings }: OpenProvider,
  step: CallingStep,
  { model, inputDigest }: PlannedCall,
): Promise<StoredPrediction> {
  const { tenant, jobId, stepId } = step;
  const nowUnixMs = parts.nowUnixMs();
  if (step.attempt > 1) assertRetry({ gate, settings });
  const micros = estimateMicros(model);
  const entry = PredictionEntry.fromPartial({
    model: model.name,
    modelDigest: model.digest,
    provider: model.provider,
    callId: randomUUID(),
    calledUnixMs: nowUnixMs,
    reservedMicros: micros,
    inputDigest,
  });
  const create = () => parts.predictions.create({ tenant, jobId, stepId }, entry);
  const stored = await waitForBroker(parts.base.log, create, brokerTimeoutMs);
  if (stored === undefined)
    throw new AppError("PROVIDER_FAILED", "Another worker runs this step; it is tried again", {
      metadata: { created: "no" },
    });
  try {
    const untilUnixMs = reservedUntil(model, nowUnixMs);
    await parts.budgets.reserve({ tenant, callId: entry.callId, micros, untilUnixMs });
  } catch (error) {
    await parts.predictions.remove(stored);
    throw error;
  }
  return stored;
}

/**
 * Finds the prediction of a call whose answer was not stored, because its worker died or because it could not be used. If the provider has none, the call is made: with
 * its idempotency key it is the same one for a provider that knows such keys. A provider with neither a list nor keys may charge for both calls, so the budget has both.
 */
export async function findOrStart(
  parts: CallParts,
  open: OpenProvider,
  stored: StoredPrediction,
  planned: PlannedCall,
  signal: AbortSignal,
): Promise<Prediction> {
  const call = { ...planned, callId: stored.entry.callId };
  const id = await open.provider.find(call, stored.entry.calledUnixMs - clockSlackMs, signal);
  if (id !== undefined) return { stored: await storeId(parts, stored, id), id, end: open.gate.observe };
  const isExtra = !open.provider.isIdempotent(planned.model);
  if (isExtra) assertRetry(open);
  if (!isExtra || open.provider.hasList)
    return startPrediction(parts, open, stored, planned, { isNew: false, isExtra }, signal);
  const renewed = await renewCall(parts, open, stored, planned);
  return startPrediction(parts, open, renewed, planned, { isNew: true, isExtra }, signal);
}

/**
 * Counts the earlier call of an entry as made, and gives the entry a call of its own with its own reservation. A crash after any of its writes leaves an entry that the next
 * attempt renews again. Throws BUDGET_EXCEEDED.
 */
async function renewCall(
  parts: CallParts,
  { gate }: OpenProvider,
  earlier: StoredPrediction,
  { model }: PlannedCall,
): Promise<StoredPrediction> {
  try {
    await settle(parts, earlier, earlier.entry.reservedMicros);
    const nowUnixMs = parts.nowUnixMs();
    const [callId, micros] = [randomUUID(), estimateMicros(model)];
    const renewed = await changeEntry(parts, earlier, { callId, calledUnixMs: nowUnixMs, reservedMicros: micros });
    const untilUnixMs = reservedUntil(model, nowUnixMs);
    await parts.budgets.reserve({ tenant: earlier.key.tenant, callId, micros, untilUnixMs });
    return renewed;
  } catch (error) {
    gate.retries.giveBack();
    throw error;
  }
}

/** `isNew`: no call was made for this entry before. `isExtra`: it is taken from the budget of extra calls. */
export type CallTurn = { readonly isNew: boolean; readonly isExtra: boolean };

/** Makes the call, and stores the id of its prediction before anything waits for it. */
export async function startPrediction(
  parts: CallParts,
  { provider, gate }: OpenProvider,
  stored: StoredPrediction,
  planned: PlannedCall,
  { isNew, isExtra }: CallTurn,
  signal: AbortSignal,
): Promise<Prediction> {
  try {
    const end = gate.begin();
    try {
      const started = await provider.start({ ...planned, callId: stored.entry.callId }, afterGrace(signal));
      if (isNew && !isExtra) gate.retries.earn();
      if (started.kind === "prediction")
        return { stored: await storeId(parts, stored, started.id), id: started.id, end };
      end("succeeded");
      return { stored, answer: started.answer };
    } catch (error) {
      end(signal.aborted ? "unknown" : outcomeOf(error));
      throw error;
    }
  } catch (error) {
    const failure = toAppError(error);
    if (isExtra && failure.reason === "PROVIDER_BUSY") gate.retries.giveBack();
    // The gate's own refusal has no such metadata.
    if (failure.reason === "PROVIDER_BUSY" && failure.metadata.created === "no") gate.close(failure.retryAfterMs);
    // For an entry that was found, an earlier call may have created a prediction all the same.
    if (isNew && hasCreatedNothing(failure)) await forgetPrediction(parts, stored, 0);
    throw error;
  }
}

/** How a failed call speaks for its provider's health. */
export function outcomeOf(error: unknown): "failed" | "refused" | "unknown" {
  const { reason } = toAppError(error);
  if (reason === "PROVIDER_FAILED") return "failed";
  return reason === "PROVIDER_REFUSED" ? "refused" : "unknown";
}

function hasCreatedNothing({ reason, metadata }: AppError): boolean {
  return reason === "PROVIDER_BUSY" || reason === "PROVIDER_REFUSED" || metadata.created === "no";
}

/** Throws PROVIDER_FAILED if the provider has had as many extra calls as it gets. */
function assertRetry({ gate, settings }: Pick<OpenProvider, "gate" | "settings">): void {
  if (gate.retries.take()) return;
  throw new AppError(
    "PROVIDER_FAILED",
    `Provider \`${settings.name}\` fails too often: no further call is made for this step, because at most 20 % of its calls are repeated`,
    { metadata: { created: "no" } },
  );
}

const storeId = (parts: CallParts, stored: StoredPrediction, predictionId: string) =>
  changeEntry(parts, stored, { predictionId });

async function changeEntry(
  parts: CallParts,
  stored: StoredPrediction,
  change: Partial<PredictionEntry>,
): Promise<StoredPrediction> {
  const write = () => parts.predictions.update(stored, change);
  const written = await waitForBroker(parts.base.log, write, brokerTimeoutMs);
  if (written !== undefined) return written;
  throw new AppError("PROVIDER_FAILED", "Another worker runs this step; it is tried again");
}

/** Aborts some time after the signal: the id of a prediction that was just created is needed to cancel it. */
function afterGrace(signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  const onAbort = () => setTimeout(() => late.abort(signal.reason), idWithinMs).unref();
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return late.signal;
}
