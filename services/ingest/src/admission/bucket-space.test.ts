import { expect, test } from "vitest";
import { createStoreRoom } from "./bucket-space.ts";

const boundBytes = 1_000;

test("a job is let in up to 85 % of the bound, what was let in since the last look included", async () => {
  let sizeBytes = 800;
  const room = createStoreRoom({ read: async () => ({ sizeBytes, boundBytes }), hurry: () => {} });
  await room.assertRoom();
  room.noteEntered(50);
  await room.assertRoom();
  room.noteEntered(1);
  // The next look sees that what entered took less.
  sizeBytes = 810;
  await room.assertRoom();
});

test("without room the keeper is hurried, and a job is let in as soon as it has made some", async () => {
  let sizeBytes = 990;
  let hurried = 0;
  const hurry = () => {
    hurried++;
    if (hurried === 3) sizeBytes = 700;
  };
  const room = createStoreRoom({ read: async () => ({ sizeBytes, boundBytes }), hurry });
  await Promise.all([room.assertRoom(), room.assertRoom(), room.assertRoom()]);
  expect(hurried).toBe(3);
});

test("where none can be made the refusal says why and when to come again, and others are refused at once", async () => {
  let reads = 0;
  const read = async () => {
    reads++;
    return { sizeBytes: 990, boundBytes };
  };
  const room = createStoreRoom({ read, hurry: () => {} });
  const refusal = { reason: "QUEUE_FULL", retryAfterMs: 5_000, message: expect.stringContaining("unfinished jobs") };
  await expect(room.assertRoom()).rejects.toMatchObject(refusal);
  const readsBefore = reads;
  await expect(room.assertRoom()).rejects.toMatchObject(refusal);
  expect(reads - readsBefore).toBeLessThanOrEqual(1);
});

test("a broker that does not answer is told as such", async () => {
  const read = () => Promise.reject(new Error("away"));
  await expect(createStoreRoom({ read, hurry: () => {} }).assertRoom()).rejects.toThrow("away");
});
