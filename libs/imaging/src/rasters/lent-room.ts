import { dirname } from "node:path";
import { createRoom, memoryRoom, type Room } from "./room.ts";

/** A room as plain values, for another thread. */
export type LentRoom = { readonly dir: string; readonly maxFrameBytes: number };

/**
 * Lends a room to a thread that will make rasters of `bytes` at most. What the thread keeps in files lies in the room's own directory
 * and goes when the room is closed. Where memory is enough for all of them, no directory is made.
 */
export async function lendRoom(room: Room, bytes: number): Promise<LentRoom> {
  if (bytes <= room.maxFrameBytes) return { dir: "", maxFrameBytes: Number.POSITIVE_INFINITY };
  return { dir: dirname(await room.newPath("v")), maxFrameBytes: room.maxFrameBytes };
}

/** The lent room in the thread that has it. It is not closed there. */
export function openLentRoom({ dir, maxFrameBytes }: LentRoom): Room {
  return dir === "" ? memoryRoom : createRoom(async () => dir, maxFrameBytes);
}
