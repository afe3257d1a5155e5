import type { JobFilter, JobState, Reason } from "@pixelmesh/client";
import { choiceFlag, labelFlag, repeatedFlag, timeFlag, wrongFlag } from "@pixelmesh/flag-values";
import type { Command } from "commander";

/** Words of `--state`. */
export const jobStates = ["running", "succeeded", "failed", "cancelled"] as const;
type StateWord = (typeof jobStates)[number];

/** The options of `addFilterFlags` as commander gives them. */
export type FilterOptions = {
  readonly state?: readonly StateWord[];
  readonly label?: readonly string[];
  readonly reason?: readonly string[];
  readonly operation?: readonly string[];
  readonly since?: Date;
  readonly until?: Date;
};

/** Adds the flags that choose jobs: `--state` with these words, and no `--state` and `--reason` without words. */
export function addFilterFlags(command: Command, states: readonly StateWord[]): Command {
  if (states.length > 0)
    command
      .option(
        "--state <state>",
        `${states.join(", ")}; repeat for one of several`,
        repeatedFlag<StateWord>(choiceFlag("--state", states)),
      )
      .option("--reason <reason>", "failed for this reason; repeat for one of several", repeatedFlag(String));
  return command
    .option("--label <label>", "has this label; repeat for all of several", repeatedFlag(labelFlag("--label")))
    .option("--operation <name>", "has a step of this operation; repeat for all of several", repeatedFlag(String))
    .option("--since <time>", "created since: 2h for two hours ago, or 2026-11-30T12:00Z", timeFlag("--since"))
    .option("--until <time>", "created before", timeFlag("--until"));
}

/** Whether any flag of `addFilterFlags` was given. */
export function hasFilter({ state, label, reason, operation, since, until }: FilterOptions): boolean {
  return [state, label, reason, operation, since, until].some((value) => value !== undefined);
}

/** Converts the flags to a filter. Throws UsageError for unknown reasons and operations, and for a range of time that is empty. */
export async function toJobFilter(options: FilterOptions): Promise<JobFilter> {
  const { state, label, reason, operation, since, until } = options;
  if (since && until && since >= until)
    throw wrongFlag("--since", `before --until, ${until.toISOString()}`, since.toISOString());
  return {
    ...(state ? { states: await toStates(state) } : {}),
    ...(label ? { labels: label } : {}),
    ...(reason ? { reasons: await toReasons(reason) } : {}),
    ...(operation ? { operations: await toOperations(operation) } : {}),
    ...(since ? { createdAfter: since } : {}),
    ...(until ? { createdBefore: until } : {}),
  };
}

async function toStates(words: readonly StateWord[]): Promise<JobState[]> {
  const { toStateNumber } = await import("@pixelmesh/json-views");
  return words.map(toStateNumber);
}

// Imported where there are words: the operations and effects of pipelines are 76 modules.
async function toReasons(words: readonly string[]): Promise<Reason[]> {
  if (words.length === 0) return [];
  const { parseReason } = await import("@pixelmesh/pipeline-flags");
  return words.map((word) => parseReason("--reason", word));
}

async function toOperations(words: readonly string[]): Promise<string[]> {
  if (words.length === 0) return [];
  const { parseOperation } = await import("@pixelmesh/pipeline-flags");
  return words.map((word) => parseOperation("--operation", word));
}
