import { createRasterSink, discardRaster, type FrameStore, openRows } from "@pixelmesh/imaging";

/** Blocks of bytes of one length, to read in any order. */
export type Blocks = {
  /** Resolves to a block. A view of memory that is not to be changed. */
  read(index: number): Promise<Uint8Array>;
  /** Frees what holds them. */
  close(): Promise<void>;
};

/** Writes blocks in order. */
export type BlockSink = {
  write(block: Uint8Array): Promise<void>;
  /** Ends the writing and opens the blocks. Throws INTERNAL before the last block. */
  open(): Promise<Blocks>;
  /** Closes the sink of failed work. Does nothing after `open`. */
  abandon(): Promise<void>;
};

/** Creates `count` blocks of `blockBytes` in a frame store: in memory if the store allows that, else in a file. */
export async function createBlocks(blockBytes: number, count: number, frameStore: FrameStore): Promise<BlockSink> {
  const sink = await createRasterSink({ widthPx: blockBytes, heightPx: count, channels: 1 }, frameStore);
  let written = 0;
  return {
    async write(block) {
      await sink.writeRows(written, block);
      written += 1;
    },
    async open() {
      const raster = await sink.end();
      const rows = await openRows(raster);
      return {
        read: (index) => rows.readRows(index, 1),
        async close() {
          await rows.close();
          await discardRaster(raster);
        },
      };
    },
    abandon: () => sink.abandon(),
  };
}
