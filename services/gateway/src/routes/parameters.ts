import type { Parameter } from "../domain/parameter.ts";

/** The id of a job, in a path. */
export const jobIdParameter: Parameter = { description: "Id of the job.", schema: { type: "string" } };

/** The id of a batch, in a path. */
export const batchIdParameter: Parameter = { description: "Id of the batch.", schema: { type: "string" } };

/** The names of a query that ask for one page. */
export function pageQuery(most: number, usual: number): Readonly<Record<string, Parameter>> {
  return {
    page_size: {
      description: `Most entries of the page; ${usual} if left out.`,
      schema: { type: "integer", minimum: 1, maximum: most },
    },
    page_token: { description: "`nextPageToken` of the page before.", schema: { type: "string" } },
  };
}

/** The header by which a request is repeated safely. */
export const idempotencyHeader: Readonly<Record<string, Parameter>> = {
  "Idempotency-Key": {
    description: "A repeated request with the same key returns the same job. At most 128 characters.",
    schema: { type: "string", maxLength: 128 },
  },
};

/** The header by which an event stream continues. */
export const lastEventHeader: Readonly<Record<string, Parameter>> = {
  "Last-Event-ID": { description: "Id of the last event that was seen.", schema: { type: "string" } },
};

/** The names of a query that say how long the request waits for its job. */
export const waitQuery: Readonly<Record<string, Parameter>> = {
  wait: {
    description:
      "How long to wait for the end of the job, such as `20s`; `0` does not wait. `Prefer: wait=20` does the same.",
    schema: { type: "string" },
  },
  output: { description: "Name of the output to answer with; the first if left out.", schema: { type: "string" } },
  source_url: {
    description: "Address from which the mesh reads the picture, where the mesh allows it. Instead of a body.",
    schema: { type: "string" },
  },
  source_sha256: {
    description:
      "Digest of a picture that the mesh has, instead of a body. A 404 with the reason BLOB_NOT_FOUND asks for the bytes.",
    schema: { type: "string", pattern: "^[0-9a-f]{64}$" },
  },
  callback_url: {
    description: "Address that the mesh calls when the job has ended, where the mesh allows it.",
    schema: { type: "string" },
  },
};
