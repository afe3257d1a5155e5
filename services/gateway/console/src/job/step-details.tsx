import { toShortTime } from "@pixelmesh/short-text";
import { fetchCluster } from "../api/mesh.ts";
import type { Job, JobStep, StepCost } from "../api/types.ts";
import { usePoll } from "../state/use-poll.ts";
import { toPercent, toWords } from "../text/labels.ts";
import { waitReason } from "./wait-reason.ts";

/** Everything that is known of one step. */
export function StepDetails({ job, id }: { readonly job: Job; readonly id: string | undefined }) {
  const step = job.steps.find((one) => one.id === id);
  if (!step) return null;
  const outputs = job.outputs.filter((output) => output.step === step.id).map(({ name }) => name);
  return (
    <section aria-label={`Step ${step.id}`} class="job-box">
      <h3>Step {step.id}</h3>
      {isWaiting(step) ? <Waiting job={job} step={step} /> : null}
      {step.error ? (
        <p class="error">
          {step.error.reason}: {step.error.message}
        </p>
      ) : null}
      <dl class="facts">
        {toFacts(step, outputs).map(([name, text]) => (
          <div key={name} class="fact">
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <Remarks job={job} step={step} />
    </section>
  );
}

function isWaiting({ state, wait }: JobStep): boolean {
  return state === "PENDING" || state === "READY" || (state === "RUNNING" && wait !== undefined);
}

function toCostText({ estimateMicros, actualMicros, savedMicros, currency, provider }: StepCost): string {
  if (savedMicros > 0) return `nothing: the cache saved ${toMoney(savedMicros, currency)}`;
  if (actualMicros > 0) return `${toMoney(actualMicros, currency)} at ${provider}`;
  return `about ${toMoney(estimateMicros, currency)} at ${provider}`;
}

function toMoney(micros: number, currency: string): string {
  return `${micros / 1e6} ${currency}`.trim();
}

function toFacts(step: JobStep, outputs: readonly string[]): [name: string, text: string][] {
  const {
    operation,
    state,
    attempt,
    cached,
    savedMs,
    waitMs,
    runMs,
    model,
    provider,
    device,
    widthPx,
    heightPx,
    confidence,
    cost,
  } = step;
  const facts: [string, string][] = [
    ["Operation", toWords(operation)],
    ["State", toWords(state)],
    ["Attempt", `${attempt}`],
    ["Waited", toShortTime(waitMs)],
    ["Ran", cached ? `not: from the cache, which saved ${toShortTime(savedMs)}` : toShortTime(runMs)],
    ["Model", model],
    ["Provider", provider],
    ["Device", device],
    ["Size", widthPx > 0 ? `${widthPx}×${heightPx}` : ""],
    ["Confidence", confidence === undefined ? "" : toPercent(confidence)],
    ["Cost", cost ? toCostText(cost) : ""],
    ["Takes", step.inputSteps.join(", ")],
    ["Outputs", outputs.join(", ")],
  ];
  return facts.filter(([, text]) => text !== "");
}

function Waiting({ job, step }: { readonly job: Job; readonly step: JobStep }) {
  const { value: cluster } = usePoll(fetchCluster, 3_000);
  return <p>{waitReason(step, job, cluster)}</p>;
}

function Remarks({ job, step }: { readonly job: Job; readonly step: JobStep }) {
  const lowered = job.adaptations.filter(({ stepId }) => stepId === step.id);
  const notices = job.notices.filter(({ stepId }) => stepId === step.id);
  return (
    <ul class="plain">
      {lowered.map(({ kind, from, to, why }) => (
        <li key={kind}>
          Lowered: {kind} {from} to {to} ({why})
        </li>
      ))}
      {notices.map(({ kind, text }) => (
        <li key={kind}>Note: {text}</li>
      ))}
    </ul>
  );
}
