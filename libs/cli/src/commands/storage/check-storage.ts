import { AppError, type Pixelmesh } from "@pixelmesh/client";
import { connectProcess } from "@pixelmesh/client/processes";
import { StorageServiceDefinition, type StoreFinding, StoreFindingKind } from "@pixelmesh/proto";
import { escapeLine } from "../../format/safe-text.ts";
import { toShortSize } from "../../format/text.ts";
import type { CliIo } from "../../io.ts";
import { readAccess } from "../../options/access.ts";

/** What a check does and how it prints. */
export type CheckFlags = { readonly repair: boolean; readonly verify: boolean; readonly json: boolean };

/** A check reads the whole store; it is bounded all the same. */
const timeoutMs = 24 * 3_600_000;

const words: Readonly<Record<number, string>> = {
  [StoreFindingKind.NOT_INDEXED]: "not-indexed",
  [StoreFindingKind.BLOB_MISSING]: "blob-missing",
  [StoreFindingKind.WRONG_SIZE]: "wrong-size",
  [StoreFindingKind.CORRUPT]: "corrupt",
  [StoreFindingKind.REMOVAL_LEFT]: "removal-left",
};

/**
 * Has one storage replica check the shared store, prints the findings and the summary, and returns the number of findings that are left. Throws
 * SERVICE_UNAVAILABLE if no storage runs, METHOD_UNIMPLEMENTED if it has no shared store.
 */
export async function checkStorage(client: Pixelmesh, flags: CheckFlags, io: CliIo): Promise<number> {
  const { repair, verify, json } = flags;
  const { services } = await client.cluster();
  const replica = services.find(({ service }) => service === "storage");
  if (replica === undefined) throw new AppError("SERVICE_UNAVAILABLE", "No storage service is available");
  const connection = connectProcess(replica.grpcAddress, readAccess(io.env));
  let left = 0;
  try {
    const rpc = connection.client(StorageServiceDefinition);
    for await (const { part } of rpc.checkStore({ repair, verify }, { signal: io.stopping, timeoutMs })) {
      if (part?.$case === "finding") {
        if (!part.value.repaired) left += 1;
        const finding = { ...part.value, kind: words[part.value.kind] ?? "unknown" };
        io.stdout.write(json ? `${JSON.stringify(finding)}\n` : toLine(part.value));
      } else if (part?.$case === "summary") {
        const { blobs, sizeBytes, entries, findings, repaired } = part.value;
        const text = `${blobs} blobs, ${toShortSize(sizeBytes)}; ${entries} entries; ${findings} differences, ${repaired} repaired\n`;
        io.stdout.write(json ? `${JSON.stringify({ summary: part.value })}\n` : text);
      }
    }
  } finally {
    connection.close();
  }
  return left;
}

function toLine({ sha256, kind, repaired, detail }: StoreFinding): string {
  return `${sha256}  ${words[kind] ?? "unknown"}${repaired ? "  repaired" : ""}  ${escapeLine(detail)}\n`;
}
