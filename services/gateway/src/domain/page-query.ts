import { integerFlag } from "@pixelmesh/flag-values";
import { inQuery } from "./typed-query.ts";

/** Reads which page a query asks for. 0 and "" are the contract's defaults. Throws INVALID_ARGUMENT. */
export function parsePageQuery(query: URLSearchParams, most: number): { pageSize: number; pageToken: string } {
  const size = query.get("page_size");
  return {
    pageSize: size === null ? 0 : inQuery(() => integerFlag("--page-size", 1, most)(size)),
    pageToken: query.get("page_token") ?? "",
  };
}
