import { type ReadonlySignal, useSignal } from "@preact/signals";
import { toErrorText } from "../api/api-error.ts";
import { announce } from "./announce.tsx";

/** What a button does, and whether it is being done. */
export type BusyAction<Args extends unknown[]> = {
  readonly isBusy: ReadonlySignal<boolean>;
  readonly run: (...args: Args) => Promise<void>;
};

/** Returns an action that announces its failure and tells while it runs, so that its button can be disabled. */
export function useBusyAction<Args extends unknown[]>(act: (...args: Args) => Promise<void>): BusyAction<Args> {
  const isBusy = useSignal(false);
  const run = async (...args: Args) => {
    isBusy.value = true;
    try {
      await act(...args);
    } catch (error) {
      announce(toErrorText(error));
    } finally {
      isBusy.value = false;
    }
  };
  return { isBusy, run };
}
