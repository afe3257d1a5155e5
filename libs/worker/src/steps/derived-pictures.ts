import { AppError } from "@pixelmesh/errors";
import type { FrameStore, Raster, Shape } from "@pixelmesh/imaging";
import { orAborted } from "./or-aborted.ts";

/** A picture that steps have made of the picture that they share: its shape, and a raster that holds it in a form that they know. */
export type DerivedPicture = { readonly shape: Shape; readonly raster: Raster };

/** How a step got a derived picture: it made it, or another step did. */
export type DerivedSource = "made" | "joined";

/** Makes a picture in a frame store, which is closed when the work fails, or with the last use of the picture. */
export type MakePicture = (frameStore: FrameStore) => Promise<DerivedPicture>;

/** The pictures that the users of one shared picture derive from it. */
export type DerivedPictures = {
  /** A step enters that may use the pictures of these keys. */
  enter(keys: readonly string[]): DerivedUse;
};

/** The use of derived pictures by one step. */
export type DerivedUse = {
  /** The steps that may use the picture of this key now, this one among them. */
  users(key: string): number;
  /** Whether the picture is there or is being made. */
  has(key: string): boolean;
  /**
   * Resolves to the picture of this key: that of another step, or the one that `make` makes. Waits while another step makes it. If that one fails or
   * is aborted, this step makes it anew. Rejects with the failure of its own `make`, or with the reason of `signal`.
   */
  get(key: string, make: MakePicture, signal: AbortSignal): Promise<DerivedPicture>;
  /** Ends the use. Pictures without users are removed. Idempotent. */
  leave(): Promise<void>;
};

type Held = { users: number; making: Promise<DerivedPicture> | undefined; frameStore: FrameStore | undefined };

/** Creates the derived pictures of one shared picture, each in a frame store of its own. `onGet` is called with each picture that a step gets. */
export function createDerivedPictures(
  openFrameStore: () => FrameStore,
  onGet: (source: DerivedSource) => void = () => {},
): DerivedPictures {
  const all = new Map<string, Held>();

  function enter(key: string): Held {
    const held = all.get(key) ?? { users: 0, making: undefined, frameStore: undefined };
    held.users += 1;
    all.set(key, held);
    return held;
  }

  async function leave(key: string, held: Held): Promise<void> {
    held.users -= 1;
    if (held.users > 0) return;
    all.delete(key);
    await held.frameStore?.close();
  }

  async function make(held: Held, work: MakePicture): Promise<DerivedPicture> {
    const frameStore = openFrameStore();
    const making = closingAfterFailure(frameStore, work);
    held.making = making;
    try {
      const made = await making;
      held.frameStore = frameStore;
      onGet("made");
      return made;
    } catch (error) {
      // The next one makes it anew.
      held.making = undefined;
      throw error;
    }
  }

  return {
    enter(keys) {
      let own = new Map([...new Set(keys)].map((key) => [key, enter(key)]));
      return {
        users: (key) => own.get(key)?.users ?? 0,
        has: (key) => own.get(key)?.making !== undefined,
        async get(key, work, signal) {
          const held = own.get(key);
          if (held === undefined)
            throw new AppError("INTERNAL", "A step takes a derived picture that it has not entered for");
          while (held.making !== undefined) {
            const made = await orAborted(held.making, signal).catch(() => undefined);
            signal.throwIfAborted();
            if (made === undefined) continue;
            onGet("joined");
            return made;
          }
          signal.throwIfAborted();
          return make(held, work);
        },
        async leave() {
          const left = [...own];
          own = new Map();
          await Promise.all(left.map(([key, held]) => leave(key, held)));
        },
      };
    },
  };
}

/** Makes a picture. After a failure its files are gone before the next step makes it. */
async function closingAfterFailure(frameStore: FrameStore, work: MakePicture): Promise<DerivedPicture> {
  try {
    return await work(frameStore);
  } catch (error) {
    await frameStore.close();
    throw error;
  }
}
