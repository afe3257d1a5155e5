import type { ConfigOf } from "@pixelmesh/config";
import { type ByteBudget, createByteBudget } from "@pixelmesh/rpc";
import type { transferFields } from "./fields.ts";

/** The memory budgets of this process for pictures on their way in and out. */
export type Transfers = { readonly uploads: ByteBudget; readonly downloads: ByteBudget };

/** The budgets by the settings of the service. */
export function openTransfers(config: ConfigOf<ReturnType<typeof transferFields>>): Transfers {
  return {
    uploads: createByteBudget({ totalBytes: config.uploadMemoryBytes, name: "uploads" }),
    downloads: createByteBudget({ totalBytes: config.downloadMemoryBytes, name: "downloads" }),
  };
}
