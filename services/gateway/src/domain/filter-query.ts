import { reasonToEnum } from "@pixelmesh/errors";
import { choiceFlag, labelFlag, timeFlag } from "@pixelmesh/flag-values";
import { toStateNumber } from "@pixelmesh/json-views";
import { parseOperation, parseReason } from "@pixelmesh/pipeline-flags";
import type { JobFilter } from "@pixelmesh/proto";
import type { Parameter } from "./parameter.ts";
import { inQuery } from "./typed-query.ts";

const stateWords = ["running", "succeeded", "failed", "cancelled"] as const;
const time = {
  type: "string",
  description: "A time of ISO 8601, a Unix time in ms, or a duration back from now such as `2h`.",
};

/** The names of a query that choose jobs. */
export const filterQuery: Readonly<Record<string, Parameter>> = {
  state: {
    description: "In this state; repeated for one of several.",
    schema: { type: "string", enum: stateWords },
    isRepeated: true,
  },
  reason: {
    description: "Failed for this reason; repeated for one of several.",
    schema: { type: "string" },
    isRepeated: true,
  },
  operation: {
    description: "Has a step of this operation; repeated for all of several.",
    schema: { type: "string" },
    isRepeated: true,
  },
  label: { description: "Has this label; repeated for all of several.", schema: { type: "string" }, isRepeated: true },
  created_after: { description: "Created then or later.", schema: time },
  created_before: { description: "Created earlier.", schema: time },
};

/** Reads which jobs a query asks for. Throws INVALID_ARGUMENT that names the wrong value. */
export function parseFilterQuery(query: URLSearchParams): JobFilter {
  const parseTime = (name: string) => {
    const text = query.get(name);
    if (text === null) return 0;
    return /^\d{12,14}$/.test(text) ? Number(text) : timeFlag(`--${name}`)(text).getTime();
  };
  return inQuery(() => ({
    states: query.getAll("state").map((word) => toStateNumber(choiceFlag("--state", stateWords)(word))),
    reasons: query.getAll("reason").map((word) => reasonToEnum(parseReason("--reason", word))),
    operations: query.getAll("operation").map((word) => parseOperation("--operation", word)),
    labels: query.getAll("label").map(labelFlag("--label")),
    createdAfterUnixMs: parseTime("created_after"),
    createdBeforeUnixMs: parseTime("created_before"),
    jobIds: [],
  }));
}
