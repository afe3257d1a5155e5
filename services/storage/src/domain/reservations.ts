/** Space reserved for a job. */
export type Reservation = {
  readonly jobId: string;
  /** Jobs with equal keys store the same bytes and share one reservation; empty: the job shares none. */
  readonly key: string;
  readonly bytes: number;
  readonly untilMs: number;
};

/** Reservations of open jobs. "Open" bytes are reserved and not used yet. */
export type Reservations = {
  /** Returns by how many bytes `grant` would raise the reserved bytes. */
  extraBytes(reservation: Reservation): number;
  /** Stores a reservation; it replaces an earlier one of the job. */
  grant(reservation: Reservation): void;
  /** Takes bytes for a put out of the job's reservation. Returns how many were taken. */
  take(jobId: string, bytes: number): number;
  /** Returns taken bytes to the reservation: the put failed, or its blob may be evicted. */
  giveBack(jobId: string, bytes: number): void;
  end(jobId: string): void;
  /** Ends expired reservations. */
  prune(nowMs: number): void;
  readonly openBytes: number;
};

/** One reservation of all jobs with the same key; `jobs` holds the end time of each. */
type SharedReservation = { bytes: number; taken: number; readonly jobs: Map<string, number> };

/** Creates an empty ledger. The number of open jobs bounds it, because each has at most one reservation. */
export function createReservations(): Reservations {
  const reservations = new Map<string, SharedReservation>();
  const keyByJob = new Map<string, string>();
  let openBytes = 0;

  const open = ({ bytes, taken }: SharedReservation) => Math.max(0, bytes - taken);
  const find = (jobId: string) => reservations.get(keyByJob.get(jobId) ?? "");
  function change(reservation: SharedReservation, apply: () => void): void {
    openBytes -= open(reservation);
    apply();
    openBytes += open(reservation);
  }
  function end(jobId: string): void {
    const key = keyByJob.get(jobId);
    const shared = find(jobId);
    if (key === undefined || shared === undefined) return;
    keyByJob.delete(jobId);
    shared.jobs.delete(jobId);
    if (shared.jobs.size > 0) return;
    reservations.delete(key);
    openBytes -= open(shared);
  }
  const toKey = ({ key, jobId }: Reservation) => (key === "" ? `job ${jobId}` : `key ${key}`);

  return {
    extraBytes(reservation) {
      const shared = reservations.get(toKey(reservation));
      return shared ? Math.max(0, reservation.bytes - shared.bytes) : reservation.bytes;
    },
    grant(reservation) {
      const key = toKey(reservation);
      if (keyByJob.get(reservation.jobId) !== key) end(reservation.jobId);
      const shared = reservations.get(key) ?? { bytes: 0, taken: 0, jobs: new Map() };
      reservations.set(key, shared);
      change(shared, () => {
        shared.bytes = Math.max(shared.bytes, reservation.bytes);
      });
      shared.jobs.set(reservation.jobId, reservation.untilMs);
      keyByJob.set(reservation.jobId, key);
    },
    take(jobId, bytes) {
      const shared = find(jobId);
      if (!shared) return 0;
      const taken = Math.min(bytes, open(shared));
      change(shared, () => {
        shared.taken += taken;
      });
      return taken;
    },
    giveBack(jobId, bytes) {
      const shared = find(jobId);
      if (!shared) return;
      change(shared, () => {
        shared.taken = Math.max(0, shared.taken - bytes);
      });
    },
    end,
    prune(nowMs) {
      for (const { jobs } of reservations.values()) {
        for (const [jobId, untilMs] of jobs) if (untilMs < nowMs) end(jobId);
      }
    },
    get openBytes() {
      return openBytes;
    },
  };
}
