import { expected } from "@pixelmesh/errors";

/** One page of ids, newest first, and the token of the next page (empty at the end). The token is the last id shown. */
export function takePage(
  ids: readonly string[],
  pageSize: number,
  pageToken: string,
): { page: string[]; nextPageToken: string } {
  const newestFirst = [...ids].sort().reverse();
  const start = pageToken === "" ? 0 : newestFirst.findIndex((id) => id < pageToken);
  const page = start < 0 ? [] : newestFirst.slice(start, start + pageSize);
  const more = start >= 0 && start + pageSize < newestFirst.length;
  return { page, nextPageToken: more ? (page.at(-1) ?? "") : "" };
}

/** A page size with its default; throws INVALID_ARGUMENT outside 1 to 200. */
export function parsePageSize(pageSize: number): number {
  if (pageSize === 0) return 50;
  if (pageSize < 1 || pageSize > 200) throw expected("page_size", "an integer from 1 to 200", pageSize);
  return pageSize;
}
