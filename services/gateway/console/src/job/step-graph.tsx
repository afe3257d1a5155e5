import { toShortTime } from "@pixelmesh/short-text";
import { useMemo } from "preact/hooks";
import type { Job, JobStep } from "../api/types.ts";
import { toPercent, toWords } from "../text/labels.ts";
import { StateBadge } from "../ui/badges.tsx";
import { layoutGraph, nodeHeightPx, nodeWidthPx } from "./layout-graph.ts";

/** The steps of a job as a graph, from left to right. Each step is a button that shows its details. */
export function StepGraph(props: {
  readonly job: Job;
  readonly chosen: string | undefined;
  readonly onChoose: (step: string) => void;
}) {
  const { job, chosen, onChoose } = props;
  // A job keeps its steps and their inputs: the drawing stays while states change.
  const { widthPx, heightPx, nodes, edges } = useMemo(() => layoutGraph(job.steps), [job.id, job.steps.length]);
  const steps = new Map(job.steps.map((step) => [step.id, step]));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide graph is scrolled by keys
    <section class="graph" aria-label="Steps of the job" tabIndex={0} data-testid="graph">
      <div class="graph-canvas" style={{ width: `${widthPx}px`, height: `${heightPx}px` }}>
        <svg width={widthPx} height={heightPx} aria-hidden="true">
          {edges.map(({ from, to, path }) => (
            <path key={`${from}>${to}`} d={path} />
          ))}
        </svg>
        {nodes.map(({ id, x, y }) => {
          const step = steps.get(id);
          return step ? (
            <button
              key={id}
              type="button"
              class={`node state-${step.state.toLowerCase()}`}
              aria-pressed={chosen === id}
              style={{ left: `${x}px`, top: `${y}px`, width: `${nodeWidthPx}px`, height: `${nodeHeightPx}px` }}
              onClick={() => onChoose(id)}
            >
              <Node step={step} />
            </button>
          ) : null;
        })}
      </div>
    </section>
  );
}

function Node({ step }: { readonly step: JobStep }) {
  return (
    <>
      <strong>{step.id}</strong>
      <span class="row">
        <StateBadge state={step.state} />
        {step.cached ? <span class="badge">cached</span> : null}
      </span>
      <span class="hint">{toWords(step.operation)}</span>
      <span class="hint">{timeText(step)}</span>
    </>
  );
}

function timeText({ state, cached, savedMs, waitMs, runMs, progress }: JobStep): string {
  if (cached) return `saved ${toShortTime(savedMs)}`;
  if (state === "RUNNING") return `${toPercent(progress)}, waited ${toShortTime(waitMs)}`;
  return state === "SUCCEEDED" ? `waited ${toShortTime(waitMs)}, ran ${toShortTime(runMs)}` : "";
}
