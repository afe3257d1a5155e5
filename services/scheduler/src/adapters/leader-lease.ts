import { type Bus, openStore, type Store } from "@pixelmesh/bus";
import { LeaderMark, LeaderLease as LeaseEntry } from "@pixelmesh/proto";

/** The leader's lease in the broker, and the leader's mark, which stays when the lease ends. */
export type LeaderLease = {
  /** Returns the lease as it is stored; undefined if there is none. */
  read(): Promise<{ readonly revision: number; readonly instance: string } | undefined>;
  /** Takes the lease, over `foundRevision` if there is one. Returns the new revision, undefined if another process was faster. */
  take(foundRevision: number | undefined): Promise<number | undefined>;
  /** Renews the lease by compare-and-set. Returns the new revision, undefined if another process took it. */
  renew(term: number, revision: number): Promise<number | undefined>;
  /**
   * Returns how long a new leader must wait for the grants of its predecessor: the part of `waitMs` that is left since the predecessor's
   * last renewal; 0 without a predecessor. Both times are the broker's.
   */
  readTakeoverWaitMs(waitMs: number): Promise<number>;
  /** Writes the mark. Call it after each take and renewal. */
  writeMark(term: number): Promise<void>;
  /** Deletes the lease. */
  give(): Promise<void>;
  /** Deletes the lease if it is still at `revision`; with `isIdle` also the mark, so that the next leader need not wait. */
  giveOwn(revision: number, isIdle: boolean): Promise<void>;
};

const leaseKey = "scheduler";
const markKey = "leader";

/** Opens the lease for a replica named `instance`. */
export async function openLeaderLease(bus: Bus, instance: string): Promise<LeaderLease> {
  const leases = await openStore(bus, "leases", LeaseEntry);
  const marks = await openStore(bus, "profiles", LeaderMark);
  let renewals = 0;
  const toEntry = () => LeaseEntry.fromPartial({ instance, renewals });

  /** Takes the lease again after it ended while this process was stopped or without the broker, unless another process led meanwhile. */
  async function retake(term: number): Promise<number | undefined> {
    if ((await leases.get(leaseKey)) !== undefined) return undefined;
    const revision = await leases.create(leaseKey, toEntry());
    if (revision === undefined) return undefined;
    if ((await marks.get(markKey))?.value.term === term) return revision;
    await leases.delete(leaseKey);
    return undefined;
  }

  return {
    async read() {
      const found = await leases.get(leaseKey);
      return found && { revision: found.revision, instance: found.value.instance };
    },
    take: (foundRevision) =>
      foundRevision === undefined
        ? leases.create(leaseKey, toEntry())
        : leases.update(leaseKey, toEntry(), foundRevision),
    async renew(term, revision) {
      renewals += 1;
      return (await leases.update(leaseKey, toEntry(), revision)) ?? (await retake(term));
    },
    readTakeoverWaitMs: (waitMs) => readTakeoverWaitMs(leases, marks, waitMs),
    async writeMark(term) {
      await marks.put(markKey, { term });
    },
    async give() {
      await leases.delete(leaseKey);
    },
    async giveOwn(revision, isIdle) {
      const isOurs = (await leases.get(leaseKey))?.revision === revision;
      if (isIdle && isOurs) await marks.delete(markKey);
      if (isOurs) await leases.delete(leaseKey);
    },
  };
}

async function readTakeoverWaitMs(
  leases: Store<LeaseEntry>,
  marks: Store<LeaderMark>,
  waitMs: number,
): Promise<number> {
  const [lease, mark] = await Promise.all([leases.get(leaseKey), marks.get(markKey)]);
  if (mark === undefined) return 0;
  if (lease === undefined) return waitMs;
  return Math.max(0, waitMs - (lease.writtenUnixMs - mark.writtenUnixMs));
}
