import { AppError } from "@pixelmesh/errors";

/** One view of one source. */
export type View = { readonly tenant: string; readonly viewer: string; readonly sha256: string };

/** A preview in progress. */
export type ViewTurn = {
  /** Aborted with CANCELLED when a newer preview of the view begins. */
  readonly signal: AbortSignal;
  /** Ends the preview. */
  leave(): void;
};

/** The newest preview of each view that has one in progress; no other view is remembered. */
export type Viewers = {
  /** Begins a preview and aborts the older one of the same view. `description` names it in the error of the older one. */
  enter(view: View, description: string): ViewTurn;
};

/** Creates an empty list. An empty viewer is no view: its previews abort none. */
export function createViewers(): Viewers {
  const newest = new Map<string, AbortController>();
  return {
    enter({ tenant, viewer, sha256 }, description) {
      const replaced = new AbortController();
      if (viewer === "") return { signal: replaced.signal, leave() {} };
      const key = JSON.stringify([tenant, viewer, sha256]);
      newest.get(key)?.abort(replacedBy(description));
      newest.set(key, replaced);
      return {
        signal: replaced.signal,
        leave() {
          if (newest.get(key) === replaced) newest.delete(key);
        },
      };
    },
  };
}

function replacedBy(newer: string): AppError {
  const text = `A newer preview of this source in the same view replaced this one: ${newer}`;
  return new AppError("CANCELLED", text, { metadata: { newer } });
}
