import type { CreateJobHeader, Upload } from "@pixelmesh/proto";

/** A picture of a new job: one that the mesh has or fetches, or bytes of the request. */
export type RequestPicture = {
  readonly upload: Partial<Upload> & { readonly name: string };
  readonly chunks?: AsyncIterable<Uint8Array>;
};

/** A new job as a request asks for it. The pictures are read in order, once. */
export type JobRequest = {
  readonly header: CreateJobHeader;
  readonly pictures: AsyncIterable<RequestPicture> | Iterable<RequestPicture>;
};
