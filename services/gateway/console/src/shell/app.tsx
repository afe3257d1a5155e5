import { useEffect, useRef } from "preact/hooks";
import { JobPage } from "../job/job-page.tsx";
import { JobsPage } from "../jobs/jobs-page.tsx";
import { MeshPage } from "../mesh/mesh-page.tsx";
import { type Route, route } from "../state/route.ts";
import { TryPage } from "../try/try-page.tsx";
import { Announcements } from "../ui/announce.tsx";
import { ConfirmDialog } from "../ui/confirm.tsx";
import { Access } from "./access-panel.tsx";
import { HealthLine } from "./health-line.tsx";
import { ThemeChoice } from "./theme-choice.tsx";

const links = [
  { page: "try", href: "#/", text: "Try it" },
  { page: "jobs", href: "#/jobs", text: "Jobs" },
  { page: "mesh", href: "#/mesh", text: "Devices and models" },
] as const;

const titles: Readonly<Record<Route["page"], string>> = {
  try: "Try it",
  jobs: "Jobs",
  job: "Job",
  mesh: "Devices and models",
};

/** The whole console. */
export function App() {
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const { page } = route.value;
  useEffect(() => {
    document.title = `${titles[page]} · Pixelmesh`;
    // A screen reader goes on at the new page.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [route.value]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <header>
        <div class="bar">
          <a class="brand" href="#/">
            Pixelmesh
          </a>
          <nav aria-label="Pages">
            {links.map((link) => (
              <a key={link.page} href={link.href} aria-current={isShown(link.page, page) ? "page" : undefined}>
                {link.text}
              </a>
            ))}
          </nav>
          <Access />
          <ThemeChoice />
        </div>
        <HealthLine />
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Page />
      </main>
      <Announcements />
      <ConfirmDialog />
    </>
  );
}

function Page() {
  const shown = route.value;
  if (shown.page === "jobs") return <JobsPage />;
  if (shown.page === "job") return <JobPage key={shown.id} id={shown.id} />;
  if (shown.page === "mesh") return <MeshPage />;
  return <TryPage />;
}

function isShown(link: (typeof links)[number]["page"], page: Route["page"]): boolean {
  return link === page || (link === "jobs" && page === "job");
}
