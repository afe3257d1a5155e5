import { waitForBroker } from "@pixelmesh/bus";
import type { ManifestModel } from "../domain/manifest.ts";
import type { Provider } from "../domain/provider.ts";
import type { StoredPrediction } from "../predictions/prediction-store.ts";
import type { CallParts } from "./call-parts.ts";
import { actualMicros } from "./cost.ts";

const brokerTimeoutMs = 10_000;
const cancelTimeoutMs = 10_000;

/** Settles the budget of a call that has ended. Idempotent: a second settling of the call changes nothing. */
export async function settle(
  { budgets, base }: CallParts,
  { key, entry }: StoredPrediction,
  micros: number,
): Promise<void> {
  const call = { tenant: key.tenant, callId: entry.callId, micros };
  await waitForBroker(base.log, () => budgets.settle(call), brokerTimeoutMs);
}

/** Settles the budget of a call that has ended, then removes its entry. The entry stays if that fails: the sweep does it again. */
export async function forgetPrediction(parts: CallParts, stored: StoredPrediction, micros: number): Promise<void> {
  const { predictions, base } = parts;
  await settle(parts, stored, micros);
  await waitForBroker(base.log, () => predictions.remove(stored), brokerTimeoutMs);
}

/** Cancels a prediction at its provider. Resolves to whether the provider has confirmed it; failures are logged. */
export async function cancelAtProvider(
  { base }: Pick<CallParts, "base">,
  provider: Provider,
  model: ManifestModel,
  id: string,
): Promise<boolean> {
  try {
    await provider.cancel(model, id, AbortSignal.timeout(cancelTimeoutMs));
    return true;
  } catch (err) {
    base.log.warn(
      { err, provider: provider.name, prediction: id },
      "prediction not cancelled; it is tried again later",
    );
    return false;
  }
}

/** Cancels the prediction of a step that no longer wants it, and forgets it. Without the provider's confirmation the entry stays for the sweep. */
export async function abandonPrediction(
  parts: CallParts,
  provider: Provider,
  model: ManifestModel,
  stored: StoredPrediction,
): Promise<void> {
  const { predictionId, calledUnixMs } = stored.entry;
  if (predictionId === "" || !(await cancelAtProvider(parts, provider, model, predictionId))) return;
  // The provider may charge for the time until it was cancelled.
  await forgetPrediction(parts, stored, actualMicros(model.price, (parts.nowUnixMs() - calledUnixMs) / 1_000));
}
