import { signal } from "@preact/signals";

/** The page that is shown. */
export type Route =
  | { readonly page: "try" }
  | { readonly page: "jobs" }
  | { readonly page: "job"; readonly id: string }
  | { readonly page: "mesh" };

/** Reads the part of an address after `#`. Anything unknown is the first page. */
export function parseRoute(hash: string): Route {
  const [page, id] = hash.replace(/^#\/?/, "").split("/");
  if (page === "jobs" && id) return { page: "job", id: decodeURIComponent(id) };
  if (page === "jobs") return { page: "jobs" };
  if (page === "mesh") return { page: "mesh" };
  return { page: "try" };
}

/** Returns the address of a job's page. */
export function jobHref(id: string): string {
  return `#/jobs/${encodeURIComponent(id)}`;
}

/** The page of the current address. */
export const route = signal<Route>({ page: "try" });

/** Follows the address from now on. */
export function startRouting(): void {
  const follow = () => {
    route.value = parseRoute(location.hash);
  };
  addEventListener("hashchange", follow);
  follow();
}
