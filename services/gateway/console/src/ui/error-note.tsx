import { toErrorText } from "../api/api-error.ts";

/** Shows an error, or nothing without one. */
export function ErrorNote({ error }: { readonly error: unknown }) {
  if (error === undefined) return null;
  return (
    <p class="error" role="alert">
      {toErrorText(error)}
    </p>
  );
}
