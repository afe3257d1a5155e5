import { type Bus, openStore } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { BatchEntry, BatchProgress, type BatchSource, BatchSpec } from "@pixelmesh/proto";
import { LRUCache } from "lru-cache";
import { assertBatchId, batchNotFound } from "../domain/batch-id.ts";
import { identityOf, identityOfRequest, type JobRequest } from "../domain/job-id.ts";
import { openSourcePages } from "./source-pages.ts";

/** A batch as it is stored. */
export type StoredBatch = { readonly spec: BatchSpec; readonly progress: BatchProgress; readonly revision: number };

/** A batch by its id and tenant. */
export type BatchKey = { readonly batchId: string; readonly tenant: string };

/** The entry of an unfinished batch. */
export type Announcement = { readonly revision: number };

/** The bucket `batches`. Specifications and sources never change; progress records change by compare-and-set only. */
export type BatchStore = {
  /**
   * Lists the batch as unfinished, then writes its sources, its progress and at last its specification, which claims the request id. Returns
   * the specification that has the request id: the same one, or that of an earlier call.
   */
  create(spec: BatchSpec, sources: readonly BatchSource[]): Promise<BatchSpec>;
  /** Returns the specification of the batch with a request id. */
  findRequest(request: JobRequest): Promise<BatchSpec | undefined>;
  find(key: BatchKey): Promise<StoredBatch | undefined>;
  /** Throws BATCH_NOT_FOUND, also for another tenant's batch. */
  get(batchId: string, tenant: string): Promise<StoredBatch>;
  readProgress(batchId: string): Promise<Omit<StoredBatch, "spec"> | undefined>;
  /** Writes a progress record by compare-and-set. Returns the new revision, or undefined if another writer was first. */
  updateProgress(batchId: string, progress: BatchProgress, revision: number): Promise<number | undefined>;
  /** Returns a source by its place. Throws BATCH_NOT_FOUND if the batch was removed. */
  source(batchId: string, index: number): Promise<BatchSource>;
  /** Lists a batch as unfinished, or announces that its progress was changed by another than the feeder. */
  announce(key: BatchKey): Promise<void>;
  listOpen(): Promise<BatchKey[]>;
  /** Returns the last announcement of an unfinished batch. Its time is that of the broker's clock. */
  announcement(key: BatchKey): Promise<Announcement | undefined>;
  /** Removes a batch from the unfinished ones, unless it was announced again. */
  removeOpen(key: BatchKey, announcement: Announcement): Promise<void>;
  /** Returns the ids of a tenant's batches, or of all with `*`, oldest first. Some may have no specification yet, or none any more. */
  list(tenant: string): Promise<BatchKey[]>;
  /** Removes everything of a batch, its specification first. */
  remove(key: BatchKey): Promise<void>;
};

const cachedSpecs = 64;

/** Opens the bucket. */
export async function openBatchStore(bus: Bus): Promise<BatchStore> {
  const [specs, pages, states, entries] = await Promise.all([
    openStore(bus, "batches", BatchSpec),
    openSourcePages(bus),
    openStore(bus, "batches", BatchProgress),
    openStore(bus, "batches", BatchEntry),
  ]);
  const specCache = new LRUCache<string, BatchSpec>({ max: cachedSpecs });

  async function findSpec({ batchId, tenant }: BatchKey): Promise<BatchSpec | undefined> {
    const cached = specCache.get(batchId);
    if (cached) return cached.tenant === tenant ? cached : undefined;
    const found = (await specs.get(specKey(tenant, identityOf(batchId))))?.value;
    // Another batch may have the identity, once this one was removed.
    if (found?.batchId !== batchId || found.tenant !== tenant) return undefined;
    specCache.set(batchId, found);
    return found;
  }

  async function readProgress(batchId: string): Promise<Omit<StoredBatch, "spec"> | undefined> {
    const found = await states.get(stateKey(batchId));
    return found && { progress: found.value, revision: found.revision };
  }

  async function find(key: BatchKey): Promise<StoredBatch | undefined> {
    const spec = await findSpec(key);
    const state = spec && (await readProgress(key.batchId));
    return spec && state ? { spec, ...state } : undefined;
  }

  async function remove({ batchId, tenant }: BatchKey): Promise<void> {
    const spec = await findSpec({ batchId, tenant });
    specCache.delete(batchId);
    if (spec) await specs.remove(specKey(tenant, identityOf(batchId)));
    await pages.remove(batchId);
    await states.remove(stateKey(batchId));
    await entries.remove(openKey({ batchId, tenant }));
    await entries.remove(listKey({ batchId, tenant }));
  }

  return {
    async create(spec, sources) {
      const { batchId, tenant } = spec;
      await entries.put(openKey(spec), { batchId, tenant });
      await pages.write(batchId, sources);
      await states.create(stateKey(batchId), BatchProgress.create());
      await entries.put(listKey(spec), { batchId, tenant });
      const key = specKey(tenant, identityOf(batchId));
      if ((await specs.create(key, spec)) !== undefined) {
        // The feeder looks at an announced batch that has its specification.
        await entries.put(openKey(spec), { batchId, tenant });
        return spec;
      }
      const first = (await specs.get(key))?.value;
      if (!first)
        throw new AppError("BROKER_UNAVAILABLE", "The broker lost what is stored of the batch", {
          retryAfterMs: 1_000,
        });
      if (first.batchId !== batchId) await remove({ batchId, tenant });
      return first;
    },
    async findRequest({ tenant, requestId }) {
      if (requestId === "") return undefined;
      const found = (await specs.get(specKey(tenant, identityOfRequest({ tenant, requestId }))))?.value;
      return found?.header?.requestId === requestId ? found : undefined;
    },
    find,
    async get(batchId, tenant) {
      assertBatchId(batchId);
      const batch = await find({ batchId, tenant });
      if (!batch) throw batchNotFound();
      return batch;
    },
    readProgress,
    updateProgress: (batchId, progress, revision) => states.update(stateKey(batchId), progress, revision),
    source: pages.read,
    async announce({ batchId, tenant }) {
      await entries.put(openKey({ batchId, tenant }), { batchId, tenant });
    },
    announcement: (key) => entries.get(openKey(key)),
    async removeOpen(key, { revision }) {
      await entries.remove(openKey(key), revision);
    },
    listOpen: async () => (await entries.list("open.>")).map(toBatchKey),
    async list(tenant) {
      const keys = (await entries.list(`list.${tenant}.*`)).map(toBatchKey);
      return keys.sort((a, b) => (a.batchId < b.batchId ? -1 : 1));
    },
    remove,
  };
}

/** Returns the batch that a key `open.<tenant>.<batch>` or `list.<tenant>.<batch>` names. */
export function toBatchKey(key: string): BatchKey {
  const [, tenant = "", batchId = ""] = key.split(".");
  return { tenant, batchId };
}

/** Returns the key of the progress record of a batch. */
export const stateKey = (batchId: string): string => `state.${batchId}`;

const specKey = (tenant: string, identity: string) => `spec.${tenant}.${identity}`;
const openKey = ({ batchId, tenant }: BatchKey) => `open.${tenant}.${batchId}`;
const listKey = ({ batchId, tenant }: BatchKey) => `list.${tenant}.${batchId}`;
