import { toShortTime } from "@pixelmesh/short-text";
import { useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { tenant, token } from "../api/access.ts";
import type { Job } from "../api/types.ts";
import { pause } from "../api/watch-job.ts";
import { jobHref } from "../state/route.ts";
import { toAge, toCount, toPercent, toWords } from "../text/labels.ts";
import { StateBadge } from "../ui/badges.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { VirtualList } from "../ui/virtual-list.tsx";
import { BulkActions } from "./bulk-actions.tsx";
import { FilterForm } from "./filter-form.tsx";
import { filter, isLoading, jobs, listError, loadMore, nextToken, refreshNewest, reload } from "./job-list.ts";

const rowPx = 64;
const refreshMs = 3_000;

/** The page that lists jobs. */
export function JobsPage() {
  useSignalEffect(() => {
    // Read again for each of these.
    [filter.value, token.value, tenant.value];
    void reload();
  });
  useEffect(() => {
    const ending = new AbortController();
    void follow(ending.signal);
    return () => ending.abort();
  }, []);
  const list = jobs.value;
  return (
    <>
      <div class="row">
        <h1>Jobs</h1>
        <BulkActions />
      </div>
      <FilterForm />
      <ErrorNote error={listError.value} />
      <p class="hint" role="status" data-testid="job-count">
        {countText(list.length)}
      </p>
      <VirtualList
        // Another filter shows another list, from its beginning.
        key={JSON.stringify(filter.value)}
        label="Jobs, newest first"
        items={list}
        rowPx={rowPx}
        keyOf={({ id }) => id}
        row={(job) => <Row job={job} />}
        onNearEnd={() => void loadMore()}
      />
    </>
  );
}

async function follow(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(refreshMs, signal).catch(() => undefined);
    if (!signal.aborted && !document.hidden) await refreshNewest();
  }
}

function countText(count: number): string {
  if (isLoading.value && count === 0) return "Jobs are being read";
  if (count === 0) return listError.value === undefined ? "No job meets the filter" : "The jobs could not be read";
  return `${toCount(count, "job")}${nextToken.value === "" ? "" : " so far; scroll for more"}`;
}

function Row({ job }: { readonly job: Job }) {
  const operations = [...new Set(job.steps.map(({ operation }) => toWords(operation)))];
  return (
    <a class="job-row" href={jobHref(job.id)}>
      <StateBadge state={job.state} />
      <span class="job-id">{job.id}</span>
      <span class="job-steps">{operations.join(", ")}</span>
      <span class="job-time">{timeText(job)}</span>
      <span class="job-more">{[job.error?.reason, ...job.labels].filter((text) => text).join(" · ")}</span>
    </a>
  );
}

function timeText({ state, progress, createdUnixMs, finishedUnixMs }: Job): string {
  const age = toAge(createdUnixMs, Date.now());
  if (state === "RUNNING") return `${toPercent(progress)}, created ${age}`;
  return finishedUnixMs > 0 ? `took ${toShortTime(finishedUnixMs - createdUnixMs)}, ${age}` : age;
}
