import type { ConfigOf } from "@pixelmesh/config";
import { type ByteBudget, createByteBudget } from "@pixelmesh/rpc";
import type { transferFields } from "./fields.ts";

/** The memory budgets of this process for pictures that are uploaded and downloaded. */
export type Transfers = { readonly uploads: ByteBudget; readonly downloads: ByteBudget };

/** Creates the budgets that the settings of the service name. */
export function openTransfers(config: ConfigOf<ReturnType<typeof transferFields>>): Transfers {
  return {
    uploads: createByteBudget({ totalBytes: config.uploadMemoryBytes, name: "uploads" }),
    downloads: createByteBudget({ totalBytes: config.downloadMemoryBytes, name: "downloads" }),
  };
}
