import { AppError } from "@pixelmesh/errors";
import type { ServiceBase } from "@pixelmesh/service";
import { type SchedulerConfig, toRules } from "../config.ts";
import { startLeadership } from "./leadership.ts";
import { type CardStore, openCards } from "./memory-profile-store.ts";
import { type Runtime, startRuntime } from "./runtime.ts";

type Reign = { readonly term: number; readonly runtime: Runtime; readonly cards: CardStore };

/** This process as leader or standby. */
export type Leader = {
  /** The state to work on; SERVICE_UNAVAILABLE where another scheduler leads. */
  require(): Pick<Reign, "term" | "runtime">;
  close(): Promise<void>;
};

/**
 * Seeks leadership; while it leads, the process has a runtime and is ready. A leader's ledger is built anew from what attaches
 * and announces itself again.
 */
export async function startLeader(base: ServiceBase, config: SchedulerConfig): Promise<Leader> {
  const { bus, log, metrics, health } = base;
  let reign: Reign | undefined;
  const setReady = (isReady: boolean) => health.setStandby(!isReady);
  setReady(false);

  const end = async () => {
    const ended = reign;
    reign = undefined;
    setReady(false);
    ended?.runtime.close();
    await ended?.cards.close();
  };
  const leadership = await startLeadership(
    bus,
    { instance: config.instance, leaseTtlMs: config.leaseTtlMs, grantValidMs: config.grantValidMs, log },
    {
      async elected({ term, cautiousMs }) {
        const cards = await openCards(bus, log);
        const rules = { ...toRules(config), cautiousUntilMs: cautiousMs > 0 ? performance.now() + cautiousMs : 0 };
        const isLeading = () => reign?.term === term && leadership.isCurrent();
        reign = { term, cards, runtime: startRuntime({ rules, cards: cards.cards, term, metrics, isLeading }) };
        setReady(true);
      },
      lost: () => void end(),
    },
  );

  return {
    require() {
      if (reign === undefined || !leadership.isCurrent())
        throw new AppError("SERVICE_UNAVAILABLE", "This scheduler stands by; another leads", { retryAfterMs: 250 });
      return reign;
    },
    async close() {
      const isIdle = reign?.runtime.snapshot().slots.length === 0;
      await end();
      await leadership.close(isIdle);
    },
  };
}
