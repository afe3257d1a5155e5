import { type Bus, openStore, type Store } from "@pixelmesh/bus";
import { LeaderLease, LeaderMark } from "@pixelmesh/proto";
import type { Logger } from "@pixelmesh/telemetry";

/** How leadership is sought. */
export type LeadershipOptions = {
  /** This replica's name, unique within the service. */
  readonly instance: string;
  readonly leaseTtlMs: number;
  /** How long a grant is valid: a new leader waits out those of the one before. */
  readonly grantValidMs: number;
  readonly log: Logger;
};

/** What happens when leadership comes and goes. */
export type LeadershipEvents = {
  /** From now on this process leads, with a term above all before it; for `cautiousMs` grants of an earlier leader may run. */
  elected(leader: { readonly term: number; readonly cautiousMs: number }): Promise<void> | void;
  /** Somebody else leads, or may. */
  lost(): void;
};

/** A process that leads or stands by. */
export type Leadership = {
  /** Whether nobody else can be leading now: asked before every decision, since a process may have been stopped meanwhile. */
  isCurrent(): boolean;
  /** Steps down. `idle`: no grant is left, so that the next leader need not wait for any. */
  close(idle: boolean): Promise<void>;
};

const leaseKey = "scheduler";
const markKey = "leader";

/**
 * Seeks the lease until closed. The lease is taken when there is none, when its holder has not renewed it for `leaseTtlMs` on
 * this process's own clock, or at the start, when its holder was an earlier process of this replica. It is renewed by
 * compare-and-set three times within its time; its revision when it was taken is the term.
 */
export async function startLeadership(
  bus: Bus,
  options: LeadershipOptions,
  events: LeadershipEvents,
): Promise<Leadership> {
  const { instance, leaseTtlMs, grantValidMs, log } = options;
  const leases = await openStore(bus, "leases", LeaderLease);
  const marks = await openStore(bus, "cards", LeaderMark);
  let term: number | undefined;
  let revision = 0;
  let renewals = 0;
  let validUntilMs = Number.NEGATIVE_INFINITY;
  let isFirstLook = true;
  let seen = { revision: 0, sinceMs: performance.now() };
  let closed = false;

  const toLease = () => LeaderLease.fromPartial({ instance, renewals });

  async function follow(): Promise<void> {
    const found = await leases.get(leaseKey);
    if (found && found.revision !== seen.revision) seen = { revision: found.revision, sinceMs: performance.now() };
    const isAbandoned = found !== undefined && performance.now() - seen.sinceMs >= leaseTtlMs;
    const wasOurs = isFirstLook && found?.value.instance === instance;
    isFirstLook = false;
    if (found && !isAbandoned && !wasOurs) return;
    const sentMs = performance.now();
    const taken = await (found
      ? leases.update(leaseKey, toLease(), found.revision)
      : leases.create(leaseKey, toLease()));
    if (taken === undefined) return;
    revision = taken;
    const cautiousMs = await readCaution(leases, marks, grantValidMs + leaseTtlMs);
    await marks.put(markKey, { term: taken });
    term = taken;
    validUntilMs = sentMs + leaseTtlMs;
    log.info({ term, cautiousMs: Math.round(cautiousMs) }, "this scheduler leads");
    try {
      await events.elected({ term, cautiousMs });
    } catch (error) {
      stepDown();
      await leases.delete(leaseKey);
      throw error;
    }
  }

  async function renew(current: number): Promise<void> {
    renewals += 1;
    const sentMs = performance.now();
    const renewed = (await leases.update(leaseKey, toLease(), revision)) ?? (await retake(current));
    if (renewed === undefined) return stepDown();
    revision = renewed;
    await marks.put(markKey, { term: current });
    validUntilMs = sentMs + leaseTtlMs;
  }

  /** The lease ran out while this process was stopped or without the broker. When nobody led meanwhile, nothing was lost. */
  async function retake(current: number): Promise<number | undefined> {
    if ((await leases.get(leaseKey)) !== undefined) return undefined;
    const taken = await leases.create(leaseKey, toLease());
    if (taken === undefined) return undefined;
    if ((await marks.get(markKey))?.value.term === current) return taken;
    await leases.delete(leaseKey);
    return undefined;
  }

  function stepDown(): void {
    log.warn({ term }, "this scheduler no longer leads");
    term = undefined;
    validUntilMs = Number.NEGATIVE_INFINITY;
    seen = { revision: 0, sinceMs: performance.now() };
    events.lost();
  }

  let turning = Promise.resolve();
  const turn = () => {
    turning = turning.then(async () => {
      if (closed) return;
      try {
        await (term === undefined ? follow() : renew(term));
      } catch (error) {
        log.warn({ err: error, term }, "the leader's lease was not written; tried again");
      }
    });
    return turning;
  };
  await turn();
  const timer = setInterval(turn, leaseTtlMs / 3);

  return {
    isCurrent: () => term !== undefined && performance.now() < validUntilMs,
    async close(idle) {
      clearInterval(timer);
      closed = true;
      await turning;
      if (term === undefined) return;
      const isOurs = (await leases.get(leaseKey))?.revision === revision;
      if (idle && isOurs) await marks.delete(markKey);
      if (isOurs) await leases.delete(leaseKey);
    },
  };
}

/** What is left of `waitMs` since the last leader's last sign of life; 0 where there was none. Both times are the broker's. */
async function readCaution(leases: Store<LeaderLease>, marks: Store<LeaderMark>, waitMs: number): Promise<number> {
  const [lease, mark] = await Promise.all([leases.get(leaseKey), marks.get(markKey)]);
  if (mark === undefined) return 0;
  if (lease === undefined) return waitMs;
  return Math.max(0, waitMs - (lease.writtenUnixMs - mark.writtenUnixMs));
}
