import { expected } from "@pixelmesh/errors";

/** Returns the page size; 50 for 0. Throws INVALID_ARGUMENT outside 1 to 200. */
export function parsePageSize(pageSize: number): number {
  if (pageSize === 0) return 50;
  if (pageSize < 1 || pageSize > 200) throw expected("page_size", "an integer from 1 to 200", pageSize);
  return pageSize;
}
