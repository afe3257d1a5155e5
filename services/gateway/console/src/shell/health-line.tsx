import { toErrorText } from "../api/api-error.ts";
import { fetchHealth } from "../api/mesh.ts";
import { usePoll } from "../state/use-poll.ts";

/** One line about the health of the mesh, in words. Read every 5 s. */
export function HealthLine() {
  const { value, error } = usePoll(fetchHealth, 5_000);
  if (error !== undefined) return <HealthText state="down" text={toErrorText(error)} />;
  return <HealthText state={value?.state ?? "unknown"} text={value?.words ?? "The state of the mesh is being read"} />;
}

function HealthText({ state, text }: { readonly state: string; readonly text: string }) {
  return (
    <p class={`health health-${state.toLowerCase()}`} data-testid="health">
      <span class="dot" aria-hidden="true" />
      {text}
    </p>
  );
}
