import type { AvailableModel, HostLease, InferenceHost } from "@pixelmesh/inference";
import type { StepContext, StepGrant } from "../step-handler.ts";
import { type Models, measureModelPeak } from "./open-models.ts";

/** With what a model is run at the moment: `TileMeans` of a tiled run, too. */
export type RunMeans = { readonly host: InferenceHost; readonly tilePx: number; readonly slotId: string };

/** A model held for one step, with the slot that its runs belong to. */
export type ModelRun = {
  readonly means: () => RunMeans;
  /** The provider that is proven in its host. */
  readonly provider: () => string;
  /**
   * What a run that failed goes on with: after running out of memory a smaller option or a device alone. Rejects with the
   * error where that is another failure, or no way is left. What may be cured by a fresh process, the host has done already.
   */
  readonly recover: (failure: { readonly error: unknown }) => Promise<RunMeans>;
  /** Runs until it succeeds or nothing recovers from its failure. */
  readonly attempt: <T>(run: (means: RunMeans) => Promise<T>) => Promise<T>;
  /** What the step took of its device at its peak; see `measureModelPeak`. */
  readonly peakBytes: (serviceBytes: number) => Promise<number | undefined>;
  /** Lets the host go; its slot's grant ends in it. */
  readonly close: () => void;
};

/** Holds a model's host for a step on the device that it was granted. */
export async function openModelRun(models: Models, model: AvailableModel, context: StepContext): Promise<ModelRun> {
  const { pool } = models;
  const { signal } = context;
  let grant: StepGrant = context;
  let lease = await hold();

  async function hold(): Promise<HostLease> {
    const { slotId, deviceId } = grant;
    const held = await pool.acquire(model, { signal, deviceId });
    grant.onRenewed((validMs) => pool.renewGrant(slotId, validMs));
    return held;
  }
  const means = (): RunMeans => ({ host: lease.host, tilePx: grant.option.tilePx, slotId: grant.slotId });
  const letGo = () => {
    pool.endGrant(grant.slotId);
    lease.release();
  };
  const recover: ModelRun["recover"] = async ({ error }) => {
    // Before the slot is given back: nothing may go on under it, and whoever gets it may need this model's room.
    letGo();
    grant = await context.again(error);
    lease = await hold();
    return means();
  };

  return {
    means,
    provider: () => lease.host.provider,
    recover,
    async attempt(run) {
      for (;;) {
        try {
          return await run(means());
        } catch (error) {
          signal.throwIfAborted();
          await recover({ error });
        }
      }
    },
    peakBytes: (serviceBytes) => measureModelPeak(models, lease.host, grant.deviceId, serviceBytes),
    close: letGo,
  };
}
