import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRoom, type Room } from "../src/rasters/room.ts";

/** Runs something with a room whose pictures of more than `maxFrameBytes` become files. */
export async function withRoom(maxFrameBytes: number, work: (room: Room) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-room-"));
  const room = createRoom(async () => dir, maxFrameBytes);
  try {
    await work(room);
  } finally {
    await room.close();
    await rm(dir, { recursive: true, force: true });
  }
}
