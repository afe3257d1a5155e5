import type { FakeProviderOptions, Fault, RequestLine } from "./behaviour.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createPredictions, type Prediction, type Predictions } from "./predictions.ts";

/** Everything that a fake provider knows. */
export type FakeState = {
  readonly options: FakeProviderOptions;
  /** Addresses of its API and of its files, without a slash at the end. */
  url: string;
  filesUrl: string;
  readonly ledger: Ledger;
  readonly predictions: Predictions;
  readonly faults: { fault: Fault; left: number; skip: number }[];
  readonly requests: RequestLine[];
  readonly idempotent: Map<string, Prediction>;
  readonly sentFiles: Map<string, Buffer>;
  hugeBytesSent: number;
  openConnections: number;
};

/** Creates the state of a provider without calls. */
export function createState(options: FakeProviderOptions): FakeState {
  const ledger = createLedger(options.classes ?? {});
  return {
    options,
    url: "",
    filesUrl: "",
    ledger,
    predictions: createPredictions(ledger, options.behaviours ?? {}),
    faults: [],
    requests: [],
    idempotent: new Map(),
    sentFiles: new Map(),
    hugeBytesSent: 0,
    openConnections: 0,
  };
}

/** Takes the next fault of a call. */
export function takeFault({ faults }: FakeState, at: string, model: string): Fault | undefined {
  for (const each of faults) {
    const { fault } = each;
    if (each.left <= 0 || fault.at !== at || (fault.model !== undefined && fault.model !== model)) continue;
    if (each.skip > 0) {
      each.skip -= 1;
      continue;
    }
    each.left -= 1;
    return fault;
  }
  return undefined;
}
