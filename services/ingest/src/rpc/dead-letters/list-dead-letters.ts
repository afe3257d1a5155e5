import { type Bus, listDeadLetters } from "@pixelmesh/bus";
import { expected } from "@pixelmesh/errors";
import type { ListDeadLettersRequest, ListDeadLettersResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { Tokens } from "@pixelmesh/secrets";
import { parsePageSize } from "../../domain/page.ts";
import { visibleTo } from "./caller.ts";
import { toDeadLetter } from "./to-dead-letter.ts";

/** ListDeadLetters: returns a page, oldest first. The page token is the first sequence of the next page. */
export function createListDeadLetters(bus: Bus, operators: Tokens | undefined) {
  return async (
    { pageSize, pageToken }: ListDeadLettersRequest,
    context: CallContext,
  ): Promise<ListDeadLettersResponse> => {
    const size = parsePageSize(pageSize);
    if (!/^\d{0,15}$/.test(pageToken))
      throw expected("page_token", "the next_page_token of an earlier answer", pageToken);
    const found = await listDeadLetters(bus, visibleTo(context, operators), Number(pageToken || "1"), size + 1);
    const next = found[size];
    return {
      deadLetters: found.slice(0, size).map(toDeadLetter),
      nextPageToken: next ? String(next.sequence) : "",
    };
  };
}
