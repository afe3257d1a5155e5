import { type Bus, openStore } from "@pixelmesh/bus";
import { type ImageInfo, type JobError, UploadEntry } from "@pixelmesh/proto";

/** A picture that a tenant has sent without a job: the facts of its header, or why it was refused. */
export type UploadedPicture = { readonly info?: ImageInfo | undefined; readonly error?: JobError | undefined };

/** The pictures that tenants have sent without a job, in the bucket `uploads`, for an hour. Every replica can read them. */
export type Uploads = {
  /** In a full bucket the oldest entries are removed. */
  add(tenant: string, sha256: string, upload: UploadedPicture): Promise<void>;
  /** Returns undefined if the tenant has not sent the picture within the last hour. */
  find(tenant: string, sha256: string): Promise<UploadedPicture | undefined>;
  /** Removes an entry, if there is one. */
  remove(tenant: string, sha256: string): Promise<void>;
};

const digestForm = /^[0-9a-f]{64}$/;

/** Opens the bucket. The broker removes its entries by their age. */
export async function openUploads(bus: Bus): Promise<Uploads> {
  const store = await openStore(bus, "uploads", UploadEntry);
  const keyOf = (tenant: string, sha256: string) => `${tenant}.${sha256}`;
  return {
    async add(tenant, sha256, { info, error }) {
      await store.put(keyOf(tenant, sha256), { info, error });
    },
    async find(tenant, sha256) {
      if (!digestForm.test(sha256)) return undefined;
      return (await store.get(keyOf(tenant, sha256)))?.value;
    },
    async remove(tenant, sha256) {
      const read = await store.get(keyOf(tenant, sha256));
      if (read) await store.deleteAt(keyOf(tenant, sha256), read.revision);
    },
  };
}
