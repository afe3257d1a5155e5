import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createFrameStore, type FrameStore } from "@pixelmesh/imaging";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDerivedPictures, type DerivedPicture, type DerivedUse } from "./derived-pictures.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "derived-"));
});
afterEach(() => rm(dir, { recursive: true }));

const shape = { widthPx: 2, heightPx: 1, channels: 3 } as const;

/** Counts the frame stores that hold a file. */
const countStores = async () => (await readdir(dir)).length;

/** The work of one step on a derived picture, which ends when the test says so. */
type Make = {
  readonly key: string;
  readonly signal: AbortSignal;
  isOpen: boolean;
  /** What the test made it fail with. */
  failure?: Error;
  /** Lets it succeed, or fail. The first call counts. */
  settle(failure?: Error): void;
};

function startMake(key: string, signal: AbortSignal): { readonly make: Make; readonly ended: Promise<void> } {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  ended.catch(() => {});
  let isSettled = false;
  const make: Make = {
    key,
    signal,
    isOpen: true,
    settle(failure) {
      if (isSettled) return;
      isSettled = true;
      if (!failure) return resolve();
      make.failure = failure;
      reject(failure);
    },
  };
  signal.addEventListener("abort", () => make.settle(signal.reason));
  return { make, ended };
}

/** Steps of one process that use derived pictures. */
function startSteps() {
  const sources: string[] = [];
  const makes: Make[] = [];
  const openFrameStore = () => createFrameStore(async () => dir, 0);
  const derived = createDerivedPictures(openFrameStore, (source) => sources.push(source));

  const workOf = (key: string, signal: AbortSignal) => async (store: FrameStore) => {
    const { make, ended } = startMake(key, signal);
    makes.push(make);
    try {
      const path = await store.newPath("v");
      await writeFile(path, "pixels");
      await ended;
      return { shape, raster: { ...shape, path } };
    } finally {
      make.isOpen = false;
    }
  };
  return {
    sources,
    makes,
    enter(...keys: readonly string[]) {
      const use = derived.enter(keys);
      const ending = new AbortController();
      const { signal } = ending;
      return { use, ending, get: (key: string) => use.get(key, workOf(key, signal), signal) };
    },
  };
}

test("one step makes the picture, those that come meanwhile and later take it, and it goes with the last of them", async () => {
  const { enter, makes, sources } = startSteps();
  const [one, two, three] = [enter("a"), enter("a"), enter("a")];
  expect(one.use.users("a")).toBe(3);
  const early = [one.get("a"), two.get("a")];
  makes[0]?.settle();
  const made = await Promise.all(early);
  expect(await three.get("a")).toBe(made[0]);
  expect(made[1]).toBe(made[0]);
  expect(sources.toSorted()).toEqual(["joined", "joined", "made"]);
  await one.use.leave();
  await one.use.leave();
  await two.use.leave();
  expect(await countStores()).toBe(1);
  await three.use.leave();
  expect(await countStores()).toBe(0);
});

test("when the step that makes it fails, the next one makes it anew, and only the first one fails", async () => {
  const { enter, makes, sources } = startSteps();
  const [failing, ...others] = [enter("a"), enter("a"), enter("a")].map((step) => step.get("a"));
  makes[0]?.settle(new Error("broken"));
  await expect(failing).rejects.toThrow("broken");
  await expect.poll(() => makes.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  makes[1]?.settle();
  const [one, other] = await Promise.all(others);
  expect(one).toBe(other);
  expect(sources).toEqual(["made", "joined"]);
  // What the first one has written is gone.
  expect(await countStores()).toBe(1);
});

test("a step that waits ends with its own reason, and the one that makes the picture goes on", async () => {
  const { enter, makes } = startSteps();
  const [maker, waiter] = [enter("a"), enter("a")];
  const [making, waiting] = [maker.get("a"), waiter.get("a")];
  waiter.ending.abort(new Error("cancelled"));
  await expect(waiting).rejects.toThrow("cancelled");
  makes[0]?.settle();
  expect((await making).shape).toEqual(shape);
});

test("a key that the step has not entered with is refused", async () => {
  const { enter } = startSteps();
  await expect(enter("a").get("b")).rejects.toMatchObject({ reason: "INTERNAL" });
});

type Action = { readonly kind: "enter" | "get" | "done" | "fail" | "abort" | "leave"; readonly at: number };
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.record({ kind: fc.constantFrom("enter", "get", "done", "fail", "abort", "leave"), at: fc.nat(99) }),
  { maxLength: 40 },
);

type User = {
  readonly use: DerivedUse;
  readonly key: string;
  readonly ending: AbortController;
  readonly get: (key: string) => Promise<DerivedPicture>;
  got?: "waiting" | "has" | "failed";
};

/** Steps that come, fail and go as the actions say. */
function startUsers() {
  const { enter, makes } = startSteps();
  let users: User[] = [];
  const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % Math.max(1, from.length)];
  const open = () => makes.filter(({ isOpen }) => isOpen);

  const act: Readonly<Record<Action["kind"], (at: number) => Promise<void> | void>> = {
    enter(at) {
      const key = `picture ${at % 2}`;
      users.push({ ...enter(key, "another"), key });
    },
    get(at) {
      const user = pick(users, at);
      if (!user || user.got) return;
      user.got = "waiting";
      user.get(user.key).then(
        () => {
          user.got = "has";
        },
        () => {
          user.got = "failed";
        },
      );
    },
    done: (at) => pick(open(), at)?.settle(),
    fail: (at) => pick(open(), at)?.settle(new Error("broken")),
    abort: (at) => pick(users, at)?.ending.abort(new Error("cancelled")),
    async leave(at) {
      // A step leaves when its run has ended.
      const user = pick(users, at);
      if (!user || user.got === "waiting") return;
      users = users.filter((other) => other !== user);
      await user.use.leave();
    },
  };
  return { act, open, makes, users: () => users };
}

test("however steps come, fail and go, a picture is made by one at a time, and each step gets it or its own failure", async () => {
  await fc.assert(
    fc.asyncProperty(actions, async (list) => {
      const { act, open, makes, users } = startUsers();
      for (const { kind, at } of list) {
        await act[kind](at);
        await nextTurn();
        const keys = open().map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
        expect(await countStores()).toBeLessThanOrEqual(new Set(users().map(({ key }) => key)).size);
      }
      while (users().some(({ got }) => got === "waiting")) {
        for (const make of open()) make.settle();
        await nextTurn();
      }
      for (const { got, ending } of users()) {
        const own = makes.find(({ signal }) => signal === ending.signal);
        if (got === "has") expect(own?.failure).toBeUndefined();
        if (got === "failed") expect(own?.failure ?? ending.signal.reason).toBeDefined();
      }
      for (const { use } of users()) await use.leave();
      expect(await countStores()).toBe(0);
    }),
  );
});
