import { type BulkResult, changeJobs } from "../api/jobs.ts";
import { toCount } from "../text/labels.ts";
import { announce } from "../ui/announce.tsx";
import { useBusyAction } from "../ui/busy-action.ts";
import { confirmAction } from "../ui/confirm.tsx";
import { filter, reload } from "./job-list.ts";

const verbs = { cancel: "Cancel", retry: "Retry" } as const;

/** Cancels or retries the jobs that the filter matches. It counts them first and asks. */
export function BulkActions() {
  const { isBusy, run } = useBusyAction(changeMatching);
  const hasCriterion = Object.values(filter.value).some((value) =>
    typeof value === "number" ? value > 0 : value.length > 0,
  );
  return (
    <div class="row">
      {(Object.keys(verbs) as (keyof typeof verbs)[]).map((action) => (
        <button key={action} type="button" disabled={!hasCriterion || isBusy.value} onClick={() => void run(action)}>
          {verbs[action]} all that match…
        </button>
      ))}
      {hasCriterion ? null : <span class="hint">Set a filter first</span>}
    </div>
  );
}

async function changeMatching(action: keyof typeof verbs): Promise<void> {
  const chosen = filter.value;
  const { matched } = await changeJobs(action, chosen, true);
  if (matched === 0) {
    announce(
      action === "cancel" ? "No running job matches" : "No failed or cancelled job matches that was not retried yet",
    );
    return;
  }
  const verb = verbs[action];
  if (!(await confirmAction(`${verb} ${toCount(matched, "job")}?`, consequences[action], `${verb} them`))) return;
  announce(toResultText(action, await changeJobs(action, chosen, false)));
  await reload();
}

const consequences = {
  cancel: "What these jobs have made so far stays in the result cache. A cancelled job can be retried.",
  retry: "Each job gets a new job with the same pipeline and pictures.",
} as const;

function toResultText(action: keyof typeof verbs, result: BulkResult): string {
  const { matched, cancelled = 0, jobIds = [], withoutPictures = 0, stopped } = result;
  if (action === "cancel") return `${cancelled} of ${toCount(matched, "job")} cancelled`;
  const gone = withoutPictures > 0 ? `; the pictures of ${withoutPictures} are no longer stored` : "";
  const end = stopped ? `; stopped by ${stopped.reason}: ${stopped.message}` : "";
  return `${jobIds.length} of ${toCount(matched, "job")} retried${gone}${end}`;
}
