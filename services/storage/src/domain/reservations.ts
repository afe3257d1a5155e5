/** A reservation that a job asks for. */
export type Wish = {
  readonly jobId: string;
  /** Jobs with equal keys store the same bytes; empty: the job shares with none. */
  readonly key: string;
  readonly bytes: number;
  readonly untilMs: number;
};

/** Room that open jobs have been promised and have not filled yet. */
export type Reservations = {
  /** How many more bytes are promised once the wish is granted. */
  extraBytes(wish: Wish): number;
  /** Replaces what the job had reserved. */
  grant(wish: Wish): void;
  /** A put of the job takes bytes out of its reservation; answers how many came out of it. */
  take(jobId: string, bytes: number): number;
  /** Bytes that were taken are free again: the put failed, or what it stored gives way. */
  giveBack(jobId: string, bytes: number): void;
  end(jobId: string): void;
  /** Ends what is past its time. */
  prune(nowMs: number): void;
  readonly openBytes: number;
};

type Room = { bytes: number; taken: number; readonly jobs: Map<string, number> };

/** Makes an empty ledger. It is bounded by the open jobs of the mesh: each has one reservation at most. */
export function createReservations(): Reservations {
  const rooms = new Map<string, Room>();
  const keyOf = new Map<string, string>();
  let openBytes = 0;

  const open = ({ bytes, taken }: Room) => Math.max(0, bytes - taken);
  const roomOf = (jobId: string) => rooms.get(keyOf.get(jobId) ?? "");
  function change(room: Room, act: () => void): void {
    openBytes -= open(room);
    act();
    openBytes += open(room);
  }
  function end(jobId: string): void {
    const key = keyOf.get(jobId);
    const room = roomOf(jobId);
    if (key === undefined || room === undefined) return;
    keyOf.delete(jobId);
    room.jobs.delete(jobId);
    if (room.jobs.size > 0) return;
    rooms.delete(key);
    openBytes -= open(room);
  }
  const toKey = ({ key, jobId }: Wish) => (key === "" ? `job ${jobId}` : `key ${key}`);

  return {
    extraBytes(wish) {
      const there = rooms.get(toKey(wish));
      return there ? Math.max(0, wish.bytes - there.bytes) : wish.bytes;
    },
    grant(wish) {
      const key = toKey(wish);
      if (keyOf.get(wish.jobId) !== key) end(wish.jobId);
      const room = rooms.get(key) ?? { bytes: 0, taken: 0, jobs: new Map() };
      rooms.set(key, room);
      change(room, () => {
        room.bytes = Math.max(room.bytes, wish.bytes);
      });
      room.jobs.set(wish.jobId, wish.untilMs);
      keyOf.set(wish.jobId, key);
    },
    take(jobId, bytes) {
      const room = roomOf(jobId);
      if (!room) return 0;
      const taken = Math.min(bytes, open(room));
      change(room, () => {
        room.taken += taken;
      });
      return taken;
    },
    giveBack(jobId, bytes) {
      const room = roomOf(jobId);
      if (!room) return;
      change(room, () => {
        room.taken = Math.max(0, room.taken - bytes);
      });
    },
    end,
    prune(nowMs) {
      for (const { jobs } of rooms.values()) for (const [jobId, untilMs] of jobs) if (untilMs < nowMs) end(jobId);
    },
    get openBytes() {
      return openBytes;
    },
  };
}
