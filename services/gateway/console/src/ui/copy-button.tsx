import { announce } from "./announce.tsx";

/** Copies a text to the clipboard. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      announce(`${what} copied`);
    } catch {
      announce("The browser did not allow to copy. Select the text and copy it by hand.");
    }
  };
  return (
    <button type="button" class="small" onClick={copy} aria-label={`Copy ${what}`}>
      Copy
    </button>
  );
}
