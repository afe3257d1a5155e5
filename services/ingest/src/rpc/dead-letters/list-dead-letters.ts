import { listDeadLetters } from "@pixelmesh/bus";
import { expected } from "@pixelmesh/errors";
import type { ListDeadLettersRequest, ListDeadLettersResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import { parsePageSize } from "../../domain/page.ts";
import type { JobParts } from "../parts.ts";
import { visibleTo } from "./caller.ts";
import { toDeadLetter } from "./to-dead-letter.ts";

/** ListDeadLetters: a page, oldest first; the token is the sequence to go on from. */
export function createListDeadLetters({ base, operators }: JobParts) {
  return async (
    { pageSize, pageToken }: ListDeadLettersRequest,
    context: CallContext,
  ): Promise<ListDeadLettersResponse> => {
    const size = parsePageSize(pageSize);
    if (!/^\d{0,15}$/.test(pageToken))
      throw expected("page_token", "the next_page_token of an earlier answer", pageToken);
    const found = await listDeadLetters(base.bus, visibleTo(context, operators), Number(pageToken || "1"), size + 1);
    const next = found[size];
    return {
      deadLetters: found.slice(0, size).map(toDeadLetter),
      nextPageToken: next ? String(next.sequence) : "",
    };
  };
}
