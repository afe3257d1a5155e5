import { signal } from "@preact/signals";
import { type JobFilter, listJobs, pageSize } from "../api/jobs.ts";
import type { Job } from "../api/types.ts";
import { mergeFirstPage } from "./merge-page.ts";

/** A filter without a criterion. */
export const anyJob: JobFilter = {
  states: [],
  reasons: [],
  operations: [],
  labels: [],
  createdAfterUnixMs: 0,
  createdBeforeUnixMs: 0,
};

/** The first page fills a screen; the next ones are as large as the gateway allows. */
const firstPageSize = 60;
/** The most jobs that the page holds. */
export const maxListed = 20_000;
/** A page may be empty although others follow. */
const maxEmptyPages = 100;

/** The filter of the list. */
export const filter = signal<JobFilter>(anyJob);
/** The jobs that were read so far, newest first. */
export const jobs = signal<readonly Job[]>([]);
/** Where the list goes on; empty: all jobs are here. */
export const nextToken = signal("");
/** Whether jobs are being read. */
export const isLoading = signal(false);
/** Why the newest read failed. */
export const listError = signal<unknown>(undefined);

let reading = new AbortController();

/** Reads the list anew, with the filter as it is. An older read is aborted. */
export async function reload(): Promise<void> {
  reading.abort();
  reading = new AbortController();
  await read([], "", reading.signal);
}

/** Reads the next jobs, unless some are being read or all are here. */
export async function loadMore(): Promise<void> {
  if (isLoading.value || nextToken.value === "" || jobs.value.length >= maxListed) return;
  await read(jobs.value, nextToken.value, reading.signal);
}

/** Reads the newest jobs again. Called now and then, so that the list follows the mesh. */
export async function refreshNewest(): Promise<void> {
  if (isLoading.value) return;
  const { signal: aborted } = reading;
  try {
    const page = await listJobs(filter.value, "", aborted, firstPageSize);
    if (aborted.aborted) return;
    const isShort = page.nextPageToken === "" || jobs.value.length <= page.jobs.length;
    jobs.value = mergeFirstPage(jobs.value, page);
    if (isShort) nextToken.value = page.nextPageToken;
    listError.value = undefined;
  } catch (error) {
    if (!aborted.aborted) listError.value = error;
  }
}

async function read(before: readonly Job[], token: string, aborted: AbortSignal): Promise<void> {
  isLoading.value = true;
  try {
    let page = await listJobs(filter.value, token, aborted, token === "" ? firstPageSize : pageSize);
    for (let empty = 0; page.jobs.length === 0 && page.nextPageToken !== "" && empty < maxEmptyPages; empty += 1)
      page = await listJobs(filter.value, page.nextPageToken, aborted);
    jobs.value = [...before, ...page.jobs];
    nextToken.value = page.nextPageToken;
    listError.value = undefined;
  } catch (error) {
    if (!aborted.aborted) listError.value = error;
  } finally {
    if (!aborted.aborted) isLoading.value = false;
  }
}
