import { type Callback, CallbackState } from "@pixelmesh/proto";
import { toEnumWord } from "./enum-word.ts";

/** Converts a callback to JSON, with a word for its state. */
export function toCallbackJson(callback: Callback) {
  return { ...callback, state: toEnumWord(CallbackState, callback.state).toUpperCase() };
}
