import type { Value } from "@pixelmesh/proto";
import type { ManifestModel } from "./manifest.ts";

/** An encoded picture that is sent. */
export type SentPicture = { readonly bytes: Uint8Array; readonly mediaType: string };

/** One call of a hosted model. */
export type ProviderCall = {
  readonly model: ManifestModel;
  readonly parameters: Readonly<Record<string, Value>>;
  readonly pictures: readonly SentPicture[];
  /** Unique for the call, equal for its repetitions: the idempotency key where the provider knows one. */
  readonly callId: string;
};

/** What a provider answered: the model's output as it came, and what it reported of its work. */
export type ProviderAnswer = {
  /** Text, a data URI, an address, a list of these, an object with them, or bytes. */
  readonly output: unknown;
  /** Seconds that the provider computed, if it says so. */
  readonly computeSeconds: number | undefined;
};

/** A started call: a prediction to wait for, or an answer at once. */
export type StartedCall =
  | { readonly kind: "prediction"; readonly id: string }
  | { readonly kind: "answer"; readonly answer: ProviderAnswer };

/**
 * A provider of hosted models. Every method throws AppError: PROVIDER_BUSY with `retryAfterMs` for a rate limit or quota, PROVIDER_FAILED for
 * failures that may pass, PROVIDER_REFUSED for what another try does not help, PROVIDER_NOT_CONFIGURED for credentials that cannot be read, or the signal's reason. Metadata `created: "no"` says that a failed `start`
 * cannot have created a prediction, and `prediction: "ended"` that the prediction of a failed `wait` has ended.
 */
export type Provider = {
  readonly name: string;
  /** Whether `find` knows every prediction, so that one that it does not find was not created. */
  readonly hasList: boolean;
  /** Starts a call. It must not repeat it by itself once the provider may have received it, unless the provider knows idempotency keys. */
  start(call: ProviderCall, signal: AbortSignal): Promise<StartedCall>;
  /** Waits until a prediction has ended. `onProgress` gets fractions from 0 to 1 where the provider reports them. */
  wait(
    model: ManifestModel,
    id: string,
    signal: AbortSignal,
    onProgress: (fraction: number) => void,
  ): Promise<ProviderAnswer>;
  /** Cancels a prediction. Resolves also if it has ended or is unknown. */
  cancel(model: ManifestModel, id: string, signal: AbortSignal): Promise<void>;
  /**
   * Finds the prediction of a call whose answer was not stored: one that was created after `sinceUnixMs` for the same model and input. Undefined: there is
   * none, or the provider has no list.
   */
  find(call: ProviderCall, sinceUnixMs: number, signal: AbortSignal): Promise<string | undefined>;
  /** Whether `start` of a model may be repeated with the same call id without a second charge. */
  isIdempotent(model: ManifestModel): boolean;
};
