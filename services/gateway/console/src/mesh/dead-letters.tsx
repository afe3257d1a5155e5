import { useSignal } from "@preact/signals";
import { toErrorText } from "../api/api-error.ts";
import { dropDeadLetter, fetchDeadLetters, replayDeadLetter } from "../api/mesh.ts";
import type { DeadLetter } from "../api/types.ts";
import { jobHref } from "../state/route.ts";
import { usePoll } from "../state/use-poll.ts";
import { toAge } from "../text/labels.ts";
import { announce } from "../ui/announce.tsx";
import { confirmAction } from "../ui/confirm.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { ErrorNote } from "../ui/error-note.tsx";

/** Dead letters, oldest first, a hundred a page, with buttons to replay and to delete them. */
export function DeadLetters() {
  const token = useSignal("");
  const { value, error, refresh } = usePoll((signal) => fetchDeadLetters(token.value, signal), 10_000);
  const letters = value?.deadLetters ?? [];
  const turn = (next: string) => {
    token.value = next;
    refresh();
  };
  return (
    <section aria-labelledby="dead-letters">
      <h2 id="dead-letters">Dead letters</h2>
      <ErrorNote error={error} />
      {value && letters.length === 0 ? <p class="hint">There is no dead letter.</p> : null}
      {letters.length === 0 ? null : (
        <DataTable
          caption="Dead letters"
          columns={["Number", "Kept", "Reason", "Subject", "Job", "Change"]}
          rows={letters.map((letter) => ({ key: `${letter.sequence}`, cells: toCells(letter, refresh) }))}
        />
      )}
      <div class="row">
        {token.value === "" ? null : (
          <button type="button" class="small" onClick={() => turn("")}>
            First page
          </button>
        )}
        {value?.nextPageToken ? (
          <button type="button" class="small" onClick={() => turn(value.nextPageToken)}>
            Next page
          </button>
        ) : null}
      </div>
    </section>
  );
}

function toCells(letter: DeadLetter, refresh: () => void) {
  const { sequence, storedUnixMs, reason, subject, jobId } = letter;
  return [
    sequence,
    toAge(storedUnixMs, Date.now()),
    reason,
    <span key="subject" class="break">
      {subject}
    </span>,
    jobId === "" ? "–" : <a href={jobHref(jobId)}>{jobId}</a>,
    <Change key="change" sequence={sequence} onDone={refresh} />,
  ];
}

function Change({ sequence, onDone }: { readonly sequence: number; readonly onDone: () => void }) {
  const act = async (work: () => Promise<string>) => {
    try {
      announce(await work());
      onDone();
    } catch (error) {
      announce(toErrorText(error));
    }
  };
  const replay = async () => {
    const jobId = await replayDeadLetter(sequence);
    return jobId === "" ? "The message was published again" : `The new job is ${jobId}`;
  };
  const drop = async () => {
    const agreed = await confirmAction("Delete the dead letter?", "Its message is lost then.", "Delete it");
    if (!agreed) return "Nothing was deleted";
    await dropDeadLetter(sequence);
    return "The dead letter was deleted";
  };
  return (
    <span class="row">
      <button
        type="button"
        class="small"
        onClick={() => void act(replay)}
        aria-label={`Replay dead letter ${sequence}`}
      >
        Replay
      </button>
      <button type="button" class="small" onClick={() => void act(drop)} aria-label={`Delete dead letter ${sequence}`}>
        Delete
      </button>
    </span>
  );
}
