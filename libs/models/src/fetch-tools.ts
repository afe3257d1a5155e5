import type { Env } from "@pixelmesh/config";
import type { DownloadOptions } from "./download.ts";
import type { HttpClient } from "./http.ts";

/** What fetching from any source needs. */
export type FetchTools = Pick<DownloadOptions, "http" | "signal" | "onProgress"> & {
  /** For the settings of package registries. */
  readonly env: Env;
  readonly http: HttpClient;
  /** Receives messages for the user. */
  readonly onNote: (text: string) => void;
  readonly retry: Pick<DownloadOptions, "retryWaitMs" | "idleAttempts">;
};
