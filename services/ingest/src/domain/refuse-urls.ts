import { AppError } from "@pixelmesh/errors";

/** Throws URL_NOT_ALLOWED if a request names an address, because this mesh reads and calls none. */
export function refuseUrl(field: "source_url" | "callback_url", url: string): void {
  if (url === "") return;
  throw new AppError(
    "URL_NOT_ALLOWED",
    `Expected no \`${field}\`, because this mesh neither reads nor calls addresses`,
  );
}
