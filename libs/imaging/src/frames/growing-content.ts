import { type Content, contentOf } from "./content.ts";

/** Bytes in memory that are made while they are read. `parts` may be called several times, and waits for what is not made yet. */
export type GrowingContent = {
  /** Not known before the end. */
  readonly sizeBytes: undefined;
  readonly isFile: false;
  /** Throws the failure of the making, after the parts before it. */
  parts(): AsyncIterable<Uint8Array>;
  /** Resolves to all of it; rejects with the failure of the making. */
  whole(): Promise<Content>;
};

/** Starts to make content from `source`, whether it is read or not. `onPart` is called with each part. */
export function growContent(source: AsyncIterable<Uint8Array>, onPart: (part: Uint8Array) => void): GrowingContent {
  const made: Uint8Array[] = [];
  let isMade = false;
  let next = Promise.withResolvers<void>();
  const making = make();
  // `parts` and `whole` report the failure.
  making.catch(() => {});

  async function make(): Promise<void> {
    try {
      for await (const part of source) {
        onPart(part);
        made.push(part);
        next.resolve();
        next = Promise.withResolvers();
      }
    } finally {
      isMade = true;
      next.resolve();
    }
  }

  return {
    sizeBytes: undefined,
    isFile: false,
    async *parts() {
      for (let at = 0; ; at++) {
        while (at === made.length) {
          if (isMade) return await making;
          await next.promise;
        }
        yield made[at] as Uint8Array;
      }
    },
    async whole() {
      await making;
      return contentOf(...made);
    },
  };
}
