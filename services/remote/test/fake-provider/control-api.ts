import type { Behaviour, FakeStats, Fault } from "./behaviour.ts";
import { type FakeRequest, json, parseBody } from "./exchange.ts";
import type { FakeState } from "./fake-state.ts";

/** Answers a request to the control endpoint, below `/control`; undefined for another path. */
export function toControlAnswer(state: FakeState, { url, body }: FakeRequest) {
  const respond = (value: unknown) => {
    const { status, headers } = json(200, null);
    return { status, headers: { ...headers }, body: JSON.stringify(value) };
  };
  switch (url.pathname) {
    case "/control/behave": {
      const { model, behaviour } = parseBody(body) as { model: string; behaviour: Partial<Behaviour> };
      state.predictions.behave(model, behaviour);
      return respond({});
    }
    case "/control/fail": {
      const fault = parseBody(body) as unknown as Fault;
      state.faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY, skip: fault.skip ?? 0 });
      return respond({});
    }
    case "/control/reset":
      state.faults.length = 0;
      state.requests.length = 0;
      state.idempotent.clear();
      state.hugeBytesSent = 0;
      state.predictions.forgetBehaviours();
      state.ledger.reset();
      return respond({});
    case "/control/stats":
      return respond(toStats(state));
    case "/control/requests":
      return respond(state.requests);
    default:
      return undefined;
  }
}

function toStats({ ledger, hugeBytesSent, openConnections }: FakeState): FakeStats {
  return {
    total: ledger.total,
    byModel: Object.fromEntries(ledger.byModel),
    byClass: Object.fromEntries(ledger.byClass),
    hugeBytesSent,
    openConnections,
  };
}
