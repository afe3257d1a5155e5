import type { AvailableModel, HostLease, InferenceHost } from "@pixelmesh/inference";
import { WaitReason } from "@pixelmesh/proto";
import { whileWaiting } from "../slots/step-wait.ts";
import type { StepContext, StepGrant } from "../step-handler.ts";
import { measureModelPeak } from "./measure-peak.ts";
import type { Models } from "./open-models.ts";
import { createTileBatches } from "./tile-batches.ts";

/** The host, tile size and slot that a model runs with now. They are the `TileResources` of a tiled run. */
export type RunResources = { readonly host: InferenceHost; readonly tilePx: number; readonly slotId: string };

/** A model lease for one step, with the slot that its runs belong to. */
export type ModelRun = {
  readonly resources: () => RunResources;
  /** The provider that was proven in its host. */
  readonly provider: () => string;
  /**
   * Recovers from a failed run and returns the resources to continue with: after an out-of-memory failure those of a smaller option or
   * of a device alone. Throws the error if it is another failure, or if there is no smaller option. The host itself has already
   * retried failures that a new process may cure.
   */
  readonly recover: (failure: { readonly error: unknown }) => Promise<RunResources>;
  /** Runs until it succeeds or `recover` throws. */
  readonly runWithRecovery: <T>(run: (resources: RunResources) => Promise<T>) => Promise<T>;
  /** The peak memory of the step on its device; see `measureModelPeak`. */
  readonly peakBytes: (serviceBytes: number) => Promise<number | undefined>;
  /** Releases the lease and ends the slot's grant in the host. */
  readonly close: () => void;
};

/** Leases a model for a step on the device that it was granted. */
export async function openModelRun(models: Models, model: AvailableModel, context: StepContext): Promise<ModelRun> {
  const { pool } = models;
  const { signal } = context;
  const batches = createTileBatches();
  let grant: StepGrant = context;
  let lease = await acquire();

  async function acquire(): Promise<HostLease> {
    const { slotId, deviceId, option } = grant;
    const narrow = option.hostId ? { narrowHostId: option.hostId } : {};
    const acquired = await whileWaiting(context.onWait, WaitReason.MODEL_LOADING, () =>
      pool.acquire(model, { signal, deviceId, ...narrow }),
    );
    grant.onRenewed((validMs) => pool.renewGrant(slotId, validMs));
    return acquired;
  }
  const resources = (): RunResources => {
    const { tilePx } = grant.option;
    return { host: batches.trace(lease.host, tilePx), tilePx, slotId: grant.slotId };
  };
  const release = () => {
    batches.end();
    pool.endGrant(grant.slotId);
    lease.release();
  };
  const recover: ModelRun["recover"] = async ({ error }) => {
    // The lease is released before the slot: no run may go on under it, and its next holder may need this model's memory.
    release();
    grant = await context.retryAfterOutOfMemory(error);
    lease = await acquire();
    return resources();
  };

  return {
    resources,
    provider: () => lease.host.provider,
    recover,
    async runWithRecovery(run) {
      for (;;) {
        try {
          return await run(resources());
        } catch (error) {
          signal.throwIfAborted();
          await recover({ error });
        }
      }
    },
    peakBytes: (serviceBytes) => measureModelPeak(models, lease.host, grant.deviceId, serviceBytes),
    close: release,
  };
}
