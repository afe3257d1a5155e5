import { wrongFlag } from "./usage-error.ts";

/** Parses a label of a job; throws UsageError. */
export function labelFlag(flag: string): (text: string) => string {
  return (text) => {
    if (/^[A-Za-z0-9._/:-]{1,63}$/.test(text)) return text;
    throw wrongFlag(flag, "1 to 63 letters, digits or . _ - / :", text);
  };
}
