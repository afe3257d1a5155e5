import { type Bus, openStore } from "@pixelmesh/bus";
import { type BatchSource, BatchSources } from "@pixelmesh/proto";
import { LRUCache } from "lru-cache";
import { batchNotFound } from "../domain/batch-id.ts";
import { sourcesPerPage } from "../domain/batch-limits.ts";

/** The sources of batches, in pages of 500. */
export type SourcePages = {
  write(batchId: string, sources: readonly BatchSource[]): Promise<void>;
  /** Returns a source by its place. Throws BATCH_NOT_FOUND if the batch was removed. */
  read(batchId: string, index: number): Promise<BatchSource>;
  remove(batchId: string): Promise<void>;
};

/** About 100 KiB each. */
const cachedPages = 64;

/** Opens the pages in the bucket `batches`. Caches the latest 64 that were read. */
export async function openSourcePages(bus: Bus): Promise<SourcePages> {
  const store = await openStore(bus, "batches", BatchSources);
  const cache = new LRUCache<string, BatchSources>({ max: cachedPages });
  const keyOf = (batchId: string, page: number) => `sources.${batchId}.${page}`;
  return {
    async write(batchId, sources) {
      for (let page = 0; page * sourcesPerPage < sources.length; page++) {
        const start = page * sourcesPerPage;
        await store.put(keyOf(batchId, page), { sources: sources.slice(start, start + sourcesPerPage) });
      }
    },
    async read(batchId, index) {
      const key = keyOf(batchId, Math.floor(index / sourcesPerPage));
      const page = cache.get(key) ?? (await store.get(key))?.value;
      const source = page?.sources[index % sourcesPerPage];
      if (!page || !source) throw batchNotFound();
      cache.set(key, page);
      return source;
    },
    async remove(batchId) {
      for (const key of await store.list(`sources.${batchId}.*`)) await store.remove(key);
    },
  };
}
