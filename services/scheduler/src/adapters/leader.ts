import { AppError } from "@pixelmesh/errors";
import type { ServiceBase } from "@pixelmesh/service";
import { type SchedulerConfig, toRules } from "../config.ts";
import { startLeadership } from "./leadership.ts";
import { type MemoryProfileStore, openMemoryProfiles } from "./memory-profile-store.ts";
import { type Runtime, startRuntime } from "./runtime.ts";

type LeaderState = { readonly term: number; readonly runtime: Runtime; readonly profileStore: MemoryProfileStore };

/** This process as leader or standby. */
export type Leader = {
  /** Returns the state of the leader; throws SERVICE_UNAVAILABLE if another scheduler leads. */
  require(): Pick<LeaderState, "term" | "runtime">;
  close(): Promise<void>;
};

/**
 * Follows the lease. While this process leads, it has a runtime and is ready. A new leader starts with an empty ledger and learns devices
 * and slots from workers that attach and announce their slots again.
 */
export async function startLeader(base: ServiceBase, config: SchedulerConfig): Promise<Leader> {
  const { bus, log, metrics, health } = base;
  let state: LeaderState | undefined;
  const setReady = (isReady: boolean) => health.setStandby(!isReady);
  setReady(false);

  const end = async () => {
    const ended = state;
    state = undefined;
    setReady(false);
    ended?.runtime.close();
    await ended?.profileStore.close();
  };
  const leadership = await startLeadership(
    bus,
    { instance: config.instance, leaseTtlMs: config.leaseTtlMs, grantValidMs: config.grantValidMs, log },
    {
      async elected({ term, takeoverWaitMs }) {
        const profileStore = await openMemoryProfiles(bus, log);
        const takeoverUntilMs = takeoverWaitMs > 0 ? performance.now() + takeoverWaitMs : 0;
        const rules = { ...toRules(config), takeoverUntilMs };
        const isLeading = () => state?.term === term && leadership.isCurrent();
        const runtime = startRuntime({ rules, profiles: profileStore.profiles, term, metrics, isLeading });
        state = { term, profileStore, runtime };
        setReady(true);
      },
      lost: () => void end(),
    },
  );

  const endExport = metrics.onPage(() =>
    metrics.set("pixelmesh_lease_held", { lease: "scheduler" }, leadership.isCurrent() ? 1 : 0),
  );

  return {
    require() {
      if (state === undefined || !leadership.isCurrent())
        throw new AppError("SERVICE_UNAVAILABLE", "This scheduler stands by; another leads", { retryAfterMs: 250 });
      return state;
    },
    async close() {
      endExport();
      const isIdle = state?.runtime.snapshot().slots.length === 0;
      await end();
      await leadership.close(isIdle);
    },
  };
}
