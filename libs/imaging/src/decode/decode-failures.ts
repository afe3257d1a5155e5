import { AppError } from "@pixelmesh/errors";
import { toFormatName } from "../formats/format-names.ts";
import { isDataMissing } from "./missing-pixels.ts";
import type { OpenedPicture } from "./open-picture.ts";

/**
 * Runs a decode, and repeats it once if the decoder reports that the file is broken. A second failure proves that the file is at
 * fault (IMAGE_CORRUPT, IMAGE_TRUNCATED), so callers may cache it. Failures of the machine and of our own checks are not
 * repeated.
 */
export async function decodeVerified<T>(opened: OpenedPicture, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    if (!isBrokenFile(toPictureError(error, opened))) throw toPictureError(error, opened);
  }
  try {
    return await decode();
  } catch (error) {
    const failure = toPictureError(error, opened);
    const isCut = failure.reason === "IMAGE_CORRUPT" && !(error instanceof AppError) && (await isDataMissing(opened));
    throw isCut ? truncated(opened, error) : failure;
  }
}

/**
 * Converts a decoder's error: DEADLINE_EXCEEDED for a timeout, MEMORY_PRESSURE without memory, INTERNAL for other failures of
 * the machine. Otherwise IMAGE_TRUNCATED if the structure shows that data is missing, else IMAGE_CORRUPT. The message decides no
 * more than that: libvips keeps the messages of all threads in one buffer, so it may belong to another picture, or be empty.
 */
export function toPictureError(cause: unknown, opened: OpenedPicture): AppError {
  if (cause instanceof AppError) return cause;
  const name = toFormatName(opened.format);
  const detail = toDetail(cause);
  if (detail.startsWith("timeout")) {
    return new AppError("DEADLINE_EXCEEDED", `The ${name} file took too long to decode`, { cause });
  }
  if (isOutOfMemory(cause)) {
    return new AppError("MEMORY_PRESSURE", `The machine has no memory to decode the ${name} file now`, { cause });
  }
  if (isMachineFailure(cause)) {
    return new AppError("INTERNAL", "Internal error; the log of the service has the cause", { cause });
  }
  if (opened.structure.truncated || opened.structure.lacksPixels) return truncated(opened, cause);
  return new AppError("IMAGE_CORRUPT", `The ${name} file cannot be decoded: ${detail || "its header is damaged"}`, {
    cause,
  });
}

/** Whether the file is at fault, not the machine. */
export function isBrokenFile({ reason }: AppError): boolean {
  return reason === "IMAGE_CORRUPT" || reason === "IMAGE_TRUNCATED";
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "";
}

/** libheif reports its own size limits as memory errors. The file causes those, not the machine. */
function isOutOfMemory(cause: unknown): boolean {
  const message = messageOf(cause);
  return /out of memory|cannot allocate memory|unable to allocate/i.test(message) && !/limit exceeded/i.test(message);
}

function isMachineFailure(cause: unknown): boolean {
  return /unable to create thread|too many open files|operation is blocked/i.test(messageOf(cause));
}

function truncated({ format }: OpenedPicture, cause: unknown): AppError {
  return new AppError("IMAGE_TRUNCATED", `The ${toFormatName(format)} file ends too early`, { cause });
}

/** Returns libvips' last message without the names of its functions. */
function toDetail(cause: unknown): string {
  const line =
    messageOf(cause)
      .split("\n")
      .find((text) => !/load error$/.test(text)) ?? "";
  return line
    .replace(/^Input buffer has corrupt header:/, "")
    .replace(/^\s*(Vips\w+|vips\w+|\w*2vips|\w*load_buffer|heif|webp): /, "")
    .trim()
    .slice(0, 160);
}
