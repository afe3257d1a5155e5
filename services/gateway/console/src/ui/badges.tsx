import { toWords } from "../text/labels.ts";

/** The state of a job or a step, as a coloured word. */
export function StateBadge({ state }: { readonly state: string }) {
  return <span class={`badge state-${state.toLowerCase()}`}>{toWords(state || "unknown")}</span>;
}

/** A bar that fills from 0 to 1. `label` names it for screen readers. */
export function ProgressBar({ share, label }: { readonly share: number; readonly label: string }) {
  return <progress max={1} value={Math.min(1, Math.max(0, share))} aria-label={label} />;
}
