import type { Reason, ReasonRow } from "./reason-row.ts";
import { remoteReasons } from "./remote-reasons.ts";
import { decidedByInput, full, permanent, slotLost, unavailable } from "./retry-classes.ts";

/**
 * The table of reasons, the one place that decides what follows from a failure. A reason of the contract without a row does not
 * compile. docs/reference/errors.md is generated from it.
 */
export const reasonTable: Readonly<Record<Reason, ReasonRow>> = {
  ...remoteReasons,

  // The request is wrong.
  INVALID_ARGUMENT: {
    status: "INVALID_ARGUMENT",
    retry: decidedByInput,
    help: "A field is missing or outside its range. Correct the fields that BadRequest names.",
  },
  INVALID_PIPELINE: {
    status: "INVALID_ARGUMENT",
    retry: permanent,
    help: "The pipeline is cyclic, dangling or too long, or its steps do not fit together. Correct the pipeline.",
  },
  UNKNOWN_OPERATION: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "This mesh does not have the operation. Use another operation, or upgrade the mesh.",
  },
  UNKNOWN_MODEL: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "There is no model of this name. Use one of those in metadata `known`.",
  },
  UNKNOWN_EFFECT: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "There is no effect of this name. Use one of those in metadata `known`.",
  },
  REQUEST_ID_REUSED: {
    status: "ALREADY_EXISTS",
    retry: permanent,
    help: "The request id was used for another pipeline or picture. Use a new request id.",
  },
  REQUEST_TOO_LARGE: {
    status: "INVALID_ARGUMENT",
    retry: permanent,
    help: "A message or the metadata of the call is above its limit. Send less, or send larger chunks.",
  },
  PIPELINE_TOO_LARGE: {
    status: "INVALID_ARGUMENT",
    retry: permanent,
    help: "The resolved pipeline is above 128 KiB; metadata `bytes` and `max_bytes` say by how much. Use fewer steps.",
  },
  URL_NOT_ALLOWED: {
    status: "PERMISSION_DENIED",
    retry: permanent,
    help: "The mesh does not read or call this address. Use an allowed scheme and host, send the picture itself, or ask the operator to allow the host.",
  },
  SOURCE_FETCH_FAILED: {
    status: "FAILED_PRECONDITION",
    retry: { ...permanent, retryable: true },
    help: "The server of the `source_url` did not send a picture; the message says why. Check the address, or send the picture itself.",
  },
  UNAUTHENTICATED: {
    status: "UNAUTHENTICATED",
    retry: permanent,
    help: "The call carries no token, or one that this mesh does not know. Send a valid token.",
  },

  // The picture is at fault.
  IMAGE_EMPTY: { status: "INVALID_ARGUMENT", retry: decidedByInput, help: "The file has no bytes. Send a picture." },
  IMAGE_TYPE_UNSUPPORTED: {
    status: "INVALID_ARGUMENT",
    retry: decidedByInput,
    help: "The bytes are of a type that is not accepted. Convert the picture to a supported format.",
  },
  IMAGE_CORRUPT: {
    status: "INVALID_ARGUMENT",
    retry: decidedByInput,
    help: "The type is known, but the content cannot be decoded. Send an intact file.",
  },
  IMAGE_TRUNCATED: {
    status: "INVALID_ARGUMENT",
    retry: decidedByInput,
    help: "The file ends too early. Send the complete file.",
  },
  IMAGE_TOO_MANY_BYTES: {
    status: "INVALID_ARGUMENT",
    retry: decidedByInput,
    help: "The file is above the limit for bytes. Send a smaller file, or raise the limit.",
  },
  IMAGE_TOO_MANY_PIXELS: {
    status: "INVALID_ARGUMENT",
    retry: decidedByInput,
    help: "The picture is above the limit for pixels. Send a smaller picture, or raise the limit.",
  },
  IMAGE_SIDE_TOO_LONG: {
    status: "INVALID_ARGUMENT",
    retry: decidedByInput,
    help: "A side of the picture is above its limit. Send a smaller picture, or raise the limit.",
  },
  IMAGE_TOO_MANY_FRAMES: {
    status: "INVALID_ARGUMENT",
    retry: decidedByInput,
    help: "The animation has more frames than the limit. Send fewer frames, or raise the limit.",
  },
  OUTPUT_TOO_LARGE: {
    status: "INVALID_ARGUMENT",
    retry: decidedByInput,
    help: "The result would be above the output limit. Ask for a smaller result.",
  },
  DIGEST_MISMATCH: {
    status: "INVALID_ARGUMENT",
    retry: permanent,
    help: "The bytes do not have the announced digest. Send the bytes again, or correct the digest.",
  },

  // A thing that was asked for does not exist.
  JOB_NOT_FOUND: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "The tenant has no job of this id, or its record has expired. Check id and tenant.",
  },
  OUTPUT_NOT_FOUND: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "The job has no output of this name. Check the name.",
  },
  OUTPUT_NOT_READY: {
    status: "FAILED_PRECONDITION",
    retry: permanent,
    help: "The step that makes the output has not ended. Watch the job, then download.",
  },
  OUTPUT_EXPIRED: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "The output was deleted after its retention time. Run the job again.",
  },
  BLOB_NOT_FOUND: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "Storage has no blob of this digest. Upload the bytes again.",
  },
  BLOB_CORRUPT: {
    status: "DATA_LOSS",
    retry: permanent,
    help: "Stored bytes no longer have their digest; storage has set them aside. Upload them again and check the disk.",
  },
  BATCH_NOT_FOUND: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "The tenant has no batch of this id. Batches are kept for 7 days; finished ones may go sooner where space is short.",
  },
  CALLBACK_NOT_FOUND: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "The tenant has no ended job of this id with a `callback_url`, or the record of its callback is gone. Check the job id and the tenant.",
  },
  DEAD_LETTER_NOT_FOUND: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "There is no dead letter of this sequence number. List the dead letters.",
  },
  UNKNOWN_SERVICE: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "Health was asked for a name that this process does not have. Use one of those in metadata `known`.",
  },
  METHOD_UNIMPLEMENTED: {
    status: "UNIMPLEMENTED",
    retry: permanent,
    help: "This release does not serve the rpc of the contract. Upgrade the mesh.",
  },

  // A limit is reached.
  TOO_MANY_JOBS: {
    status: "RESOURCE_EXHAUSTED",
    retry: { ...full, requeueBeforeStart: false },
    help: "The open jobs of the mesh or tenant are at their limit. Repeat after the time in RetryInfo.",
  },
  TOO_MANY_BATCHES: {
    status: "RESOURCE_EXHAUSTED",
    retry: { ...full, requeueBeforeStart: false },
    help: "The unfinished batches of the mesh or tenant are at their limit. Repeat when one has ended.",
  },
  RATE_LIMITED: {
    status: "RESOURCE_EXHAUSTED",
    retry: { ...full, requeueBeforeStart: false },
    help: "The caller is above the rate that the gateway allows it. Repeat after the stated time.",
  },
  QUEUE_FULL: {
    status: "RESOURCE_EXHAUSTED",
    retry: full,
    help: "A bounded queue is full. Repeat after the time in RetryInfo.",
  },
  STORAGE_FULL: {
    status: "RESOURCE_EXHAUSTED",
    retry: full,
    help: "Storage has no free space. Repeat later; if it lasts, add space or shorten the retention times.",
  },
  NO_DEVICE_FITS: {
    status: "FAILED_PRECONDITION",
    retry: permanent,
    help: "The work does not fit even on an empty device. Use a smaller picture or a larger device, or allow degradation.",
  },
  OUT_OF_MEMORY: {
    status: "RESOURCE_EXHAUSTED",
    retry: permanent,
    help: "The work ran out of memory at its smallest option. Use a smaller picture or a larger device.",
  },
  MEMORY_PRESSURE: {
    status: "RESOURCE_EXHAUSTED",
    retry: slotLost,
    help: "A slot was revoked or refused, so the work goes back to its queue. The mesh tries again by itself.",
  },

  // The work was ended.
  CANCELLED: {
    status: "CANCELLED",
    retry: permanent,
    help: "The caller ended the work. Start it again if you need it.",
  },
  DEADLINE_EXCEEDED: {
    status: "DEADLINE_EXCEEDED",
    retry: permanent,
    help: "The deadline passed before the work was done. Allow more time, or ask for less work.",
  },
  POISON: {
    status: "ABORTED",
    retry: permanent,
    help: "The step started several times and never ended. Read its dead letter.",
  },

  // A part of the mesh fails.
  SERVICE_UNAVAILABLE: {
    status: "UNAVAILABLE",
    retry: unavailable,
    help: "A service that is needed does not answer. Repeat; if it lasts, check the service's health.",
  },
  BROKER_UNAVAILABLE: {
    status: "UNAVAILABLE",
    retry: unavailable,
    help: "The broker does not answer. Repeat; if it lasts, check NATS.",
  },
  STOPPING: {
    status: "UNAVAILABLE",
    retry: unavailable,
    help: "This replica drains. Repeat; another replica answers.",
  },
  MODEL_UNAVAILABLE: {
    status: "FAILED_PRECONDITION",
    retry: permanent,
    help: "The model is listed, but its file is missing or refused. Fetch the model.",
  },
  MODEL_INVALID: {
    status: "FAILED_PRECONDITION",
    retry: permanent,
    help: "The file is not the model that its manifest describes. Fetch the model again.",
  },
  INFERENCE_FAILED: {
    status: "INTERNAL",
    retry: permanent,
    help: "The inference runtime failed, and its host was replaced. Read the log of the service.",
  },
  // Not deterministic: the device or the driver may have caused it.
  RESULT_INVALID: {
    status: "INTERNAL",
    retry: permanent,
    help: "The model gave NaN, infinite or constant tiles. Use another model or device.",
  },
  MALFORMED_MESSAGE: {
    status: "INVALID_ARGUMENT",
    retry: permanent,
    help: "The bytes are not the message of their subject or rpc. Check that client and mesh use one contract.",
  },
  LOW_CONFIDENCE: {
    status: "FAILED_PRECONDITION",
    retry: { ...permanent, deterministic: true },
    help: "The confidence of the cut-out is below `min_confidence`. Use a larger model, a lower bound, or `on_low_confidence` retry.",
  },
  CALLBACK_FAILED: {
    status: "UNAVAILABLE",
    retry: permanent,
    help: "Every attempt to call the job's `callback_url` failed. The dead letter says why; replay it once the receiver answers.",
  },
  GRANT_EXPIRED: {
    status: "ABORTED",
    retry: slotLost,
    help: "The slot expired before the work was done. The mesh tries again by itself.",
  },
  STORAGE_UNAVAILABLE: {
    status: "UNAVAILABLE",
    retry: unavailable,
    help: "The disk of storage is read-only, fails or is out of reach. Repeat; if it lasts, read the log of storage.",
  },
  INTERNAL: {
    status: "INTERNAL",
    retry: { ...permanent, retryable: true },
    help: "An unexpected failure. Read the log of the service that reports it.",
  },
};
