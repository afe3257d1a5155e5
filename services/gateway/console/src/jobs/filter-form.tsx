import { reasons } from "@pixelmesh/errors";
import { tenant } from "../api/access.ts";
import { operationNames } from "../job/wait-reason.ts";
import { toWords } from "../text/labels.ts";
import { anyJob, filter } from "./job-list.ts";

const states = ["RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"] as const;

const ages: readonly (readonly [text: string, ms: number])[] = [
  ["any time", 0],
  ["10 minutes", 600_000],
  ["1 hour", 3_600_000],
  ["1 day", 86_400_000],
  ["7 days", 604_800_000],
];

/** The filter of the list of jobs. Every change reads the list again. */
export function FilterForm() {
  const { reasons: chosenReasons, operations, labels } = filter.value;
  const change = (part: Partial<typeof filter.value>) => {
    filter.value = { ...filter.value, ...part };
  };
  return (
    <form class="filters" aria-label="Filter of jobs" onSubmit={(event) => event.preventDefault()}>
      <States />
      <Choice
        label="Reason"
        value={chosenReasons[0] ?? ""}
        values={[...reasons]}
        onChange={(reason) => change({ reasons: reason === "" ? [] : [reason] })}
      />
      <Choice
        label="Operation"
        value={operations[0] ?? ""}
        values={operationNames}
        onChange={(operation) => change({ operations: operation === "" ? [] : [operation] })}
      />
      <Age
        label="Created in the last"
        onChange={(ms) => change({ createdAfterUnixMs: ms === 0 ? 0 : Date.now() - ms })}
      />
      <Age
        label="Created before the last"
        onChange={(ms) => change({ createdBeforeUnixMs: ms === 0 ? 0 : Date.now() - ms })}
      />
      <label>
        <span>Labels</span>
        <input
          type="text"
          placeholder="all of these words"
          value={labels.join(" ")}
          onChange={({ currentTarget }) =>
            change({ labels: currentTarget.value.split(/[\s,]+/).filter((label) => label !== "") })
          }
        />
      </label>
      <label>
        <span>Tenant</span>
        <input
          type="text"
          placeholder="default"
          value={tenant.value}
          onChange={({ currentTarget }) => (tenant.value = currentTarget.value.trim())}
        />
      </label>
      <button type="reset" class="small" onClick={() => (filter.value = anyJob)}>
        Clear
      </button>
    </form>
  );
}

function States() {
  const chosen = filter.value.states;
  return (
    <fieldset class="states">
      <legend>State</legend>
      {states.map((state) => (
        <label key={state} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(state)}
            onChange={({ currentTarget }) => {
              const others = chosen.filter((one) => one !== state);
              filter.value = { ...filter.value, states: currentTarget.checked ? [...others, state] : others };
            }}
          />
          <span>{toWords(state)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Choice(props: {
  readonly label: string;
  readonly value: string;
  readonly values: readonly string[];
  readonly onChange: (value: string) => void;
}) {
  return (
    <label>
      <span>{props.label}</span>
      <select value={props.value} onChange={({ currentTarget }) => props.onChange(currentTarget.value)}>
        <option value="">any</option>
        {props.values.map((value) => (
          <option key={value} value={value}>
            {toWords(value)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Age({ label, onChange }: { readonly label: string; readonly onChange: (ms: number) => void }) {
  return (
    <label>
      <span>{label}</span>
      <select onChange={({ currentTarget }) => onChange(Number(currentTarget.value))}>
        {ages.map(([text, ms]) => (
          <option key={ms} value={ms}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
