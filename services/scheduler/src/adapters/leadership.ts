import type { Bus } from "@pixelmesh/bus";
import type { Logger } from "@pixelmesh/telemetry";
import { openLeaderLease } from "./leader-lease.ts";

/** Options of leadership. */
export type LeadershipOptions = {
  /** The name of this replica, unique within the service. */
  readonly instance: string;
  readonly leaseTtlMs: number;
  /** How long a grant is valid: a new leader waits until the grants of its predecessor have expired. */
  readonly grantValidMs: number;
  readonly log: Logger;
};

/** Called when leadership begins and ends. */
export type LeadershipEvents = {
  /** This process leads from now on, with a higher `term` than all before it. For `takeoverWaitMs` grants of an earlier leader may run. */
  elected(leader: { readonly term: number; readonly takeoverWaitMs: number }): Promise<void> | void;
  /** Another process leads or may lead. */
  lost(): void;
};

/** Leadership of this process. */
export type Leadership = {
  /** Returns whether this process leads for certain. Check it before every decision, because the process may have been stopped meanwhile. */
  isCurrent(): boolean;
  /** Gives leadership up. `isIdle`: no grant is left, so the next leader need not wait. */
  close(isIdle: boolean): Promise<void>;
};

/**
 * Follows the lease of the leader until closed. It takes the lease if there is none, if its holder has not renewed it for `leaseTtlMs` on
 * this process's own clock, or, at the start, if an earlier process of this replica holds it. It renews the lease by compare-and-set
 * three times within `leaseTtlMs`. The revision of the lease when it was taken is the term.
 */
export async function startLeadership(
  bus: Bus,
  { instance, leaseTtlMs, grantValidMs, log }: LeadershipOptions,
  events: LeadershipEvents,
): Promise<Leadership> {
  const lease = await openLeaderLease(bus, instance);
  let term: number | undefined;
  let revision = 0;
  let validUntilMs = Number.NEGATIVE_INFINITY;
  let isFirstRead = true;
  let seen = { revision: 0, sinceMs: performance.now() };
  let closed = false;

  async function follow(): Promise<void> {
    const found = await lease.read();
    if (found && found.revision !== seen.revision) seen = { revision: found.revision, sinceMs: performance.now() };
    const isAbandoned = found !== undefined && performance.now() - seen.sinceMs >= leaseTtlMs;
    const wasOurs = isFirstRead && found?.instance === instance;
    isFirstRead = false;
    if (found && !isAbandoned && !wasOurs) return;
    const sentMs = performance.now();
    const taken = await lease.take(found?.revision);
    if (taken !== undefined) await lead(taken, sentMs);
  }

  async function lead(taken: number, sentMs: number): Promise<void> {
    revision = taken;
    const takeoverWaitMs = await lease.readTakeoverWaitMs(grantValidMs + leaseTtlMs);
    await lease.writeMark(taken);
    term = taken;
    validUntilMs = sentMs + leaseTtlMs;
    log.info({ term, takeoverWaitMs: Math.round(takeoverWaitMs) }, "this scheduler leads");
    try {
      await events.elected({ term, takeoverWaitMs });
    } catch (error) {
      stepDown();
      await lease.give();
      throw error;
    }
  }

  async function renew(current: number): Promise<void> {
    const sentMs = performance.now();
    const renewed = await lease.renew(current, revision);
    if (renewed === undefined) return stepDown();
    revision = renewed;
    await lease.writeMark(current);
    validUntilMs = sentMs + leaseTtlMs;
  }

  function stepDown(): void {
    log.warn({ term }, "this scheduler no longer leads");
    term = undefined;
    validUntilMs = Number.NEGATIVE_INFINITY;
    seen = { revision: 0, sinceMs: performance.now() };
    events.lost();
  }

  async function followOrRenew(): Promise<void> {
    if (closed) return;
    try {
      await (term === undefined ? follow() : renew(term));
    } catch (error) {
      log.warn({ err: error, term }, "the leader's lease was not written; tried again");
    }
  }
  let last = Promise.resolve();
  const turn = () => {
    last = last.then(followOrRenew);
    return last;
  };
  await turn();
  const timer = setInterval(turn, leaseTtlMs / 3);

  return {
    isCurrent: () => term !== undefined && performance.now() < validUntilMs,
    async close(isIdle) {
      clearInterval(timer);
      closed = true;
      await last;
      if (term !== undefined) await lease.giveOwn(revision, isIdle);
    },
  };
}
