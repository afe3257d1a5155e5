import { isMarkedAsUntransferable, markAsUntransferable } from "node:worker_threads";
import { AppError } from "@pixelmesh/errors";
import { type FrameStore, isFrameFile, type Raster } from "@pixelmesh/imaging";
import type { Notice } from "@pixelmesh/proto";
import {
  createDerivedPictures,
  type DerivedPictures,
  type DerivedSource,
  type DerivedUse,
} from "./derived-pictures.ts";
import { orAborted } from "./or-aborted.ts";

/** A loaded picture and the notices of its decoding. */
export type LoadedPicture = { readonly raster: Raster; readonly notices: readonly Notice[] };

/** Loads a picture into a frame store. */
export type LoadPicture = (frameStore: FrameStore, signal: AbortSignal) => Promise<LoadedPicture>;

/** The use of a picture by one step. */
export type PictureUse = {
  /** Resolves when the picture is loaded. A failure is that of all users. Rejects with the reason of this user's signal when that is aborted. */
  readonly loaded: Promise<LoadedPicture>;
  /**
   * The run of this user begins. A run may transfer the memory of its inputs to a thread. If this user has the picture to itself, it keeps it
   * so: a later user loads it anew. Otherwise the memory is marked, and a transfer copies it.
   */
  begin(): void;
  /** The pictures that this user may make of the picture together with others. */
  readonly derived: DerivedUse;
  /**
   * Ends the use. The last end closes the picture's frame store. Decoded pixels are freed at once if the work of all users has ended well; else
   * they are left to the garbage collector, because aborted work may still read them. Idempotent.
   */
  end(hasEndedWell: boolean): Promise<void>;
};

/** The pictures that steps of this process load or use now. */
export type SharedPictures = {
  /**
   * Starts to load the picture of this key, or joins its other users. The key names the tenant, the job and the form of the picture. The load
   * is aborted when all of its users have left, not before. `derivedKeys`: the pictures that this user may make of it.
   */
  use(key: string, load: LoadPicture, signal: AbortSignal, derivedKeys?: readonly string[]): PictureUse;
};

/** A picture with users. */
type Held = {
  readonly frameStore: FrameStore;
  readonly loading: Promise<LoadedPicture>;
  readonly abandoned: AbortController;
  readonly derived: DerivedPictures;
  loaded: LoadedPicture | undefined;
  users: number;
  /** Whether it has had several users at once. */
  isShared: boolean;
  /** Whether its memory can be freed at once. */
  isFreeable: boolean;
};

// Created once: an abort without a reason creates an error with a stack trace each time.
const noUsers = new AppError("CANCELLED", "No step needs the picture any more");

/**
 * Creates the shared pictures of a process. A picture is held only while a step uses it. Each of its users pays for the whole picture with its slot,
 * so the memory stays within what the scheduler has granted, whichever user ends last. `onDerived` is called with each derived picture that a step gets.
 */
export function createSharedPictures(
  openFrameStore: () => FrameStore,
  onDerived?: (source: DerivedSource) => void,
): SharedPictures {
  const all = new Map<string, Held>();

  function start(key: string, load: LoadPicture): Held {
    const frameStore = openFrameStore();
    const abandoned = new AbortController();
    const loading = load(frameStore, abandoned.signal);
    const held: Held = {
      frameStore,
      loading,
      abandoned,
      derived: createDerivedPictures(openFrameStore, onDerived),
      loaded: undefined,
      users: 0,
      isShared: false,
      isFreeable: true,
    };
    all.set(key, held);
    loading.then(
      (loaded) => {
        held.loaded = loaded;
      },
      // Later users try again.
      () => forget(key, held),
    );
    return held;
  }

  function forget(key: string, held: Held): void {
    if (all.get(key) === held) all.delete(key);
  }

  async function close({ frameStore, loaded, abandoned, isFreeable }: Held): Promise<void> {
    if (!loaded) abandoned.abort(noUsers);
    await (loaded && isFreeable ? frameStore.end() : frameStore.close());
  }

  return {
    use(key, load, signal, derivedKeys = []) {
      const held = all.get(key) ?? start(key, load);
      held.users += 1;
      const derived = held.derived.enter(derivedKeys);
      held.isShared ||= held.users > 1;
      const loaded = orAborted(held.loading, signal);
      loaded.catch(() => {});
      let isEnded = false;
      return {
        loaded,
        derived,
        begin() {
          const raster = held.loaded?.raster;
          if (!raster || isFrameFile(raster) || isMarkedAsUntransferable(raster.data.buffer)) return;
          if (!held.isShared) return forget(key, held);
          // Such memory cannot be detached either. Memory that libvips allocated is marked from the start, and can.
          markAsUntransferable(raster.data.buffer);
          held.isFreeable = false;
        },
        async end(hasEndedWell) {
          if (isEnded) return;
          isEnded = true;
          await derived.leave();
          held.users -= 1;
          held.isFreeable &&= hasEndedWell;
          if (held.users > 0) return;
          forget(key, held);
          await close(held);
        },
      };
    },
  };
}
