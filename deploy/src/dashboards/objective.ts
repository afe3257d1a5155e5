import type { Dashboard } from "../panel.ts";

const windows = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];

/** The objective that 99 % of jobs succeed, and how fast its error budget is used. */
export const objective: Dashboard = {
  uid: "pixelmesh-objective",
  title: "Pixelmesh / SLO",
  description: "Objective: 99 % of jobs succeed, over 30 days; rejected and cancelled jobs are not counted.",
  rows: [
    {
      title: "Error budget",
      panels: [
        {
          title: "Budget used in 30 days at the current rate",
          description: "1 is exactly the budget, more is overspent. Computed from the failures of the last 3 days.",
          unit: "percentunit",
          kind: "stat",
          width: 6,
          steps: [
            { from: 0.75, color: "yellow" },
            { from: 1, color: "red" },
          ],
          zeroBecause: "Without jobs nothing is used.",
          targets: [{ expr: "max(pixelmesh:jobs_failed:burnrate3d >= 0) / 0.01", legend: "budget" }],
        },
        {
          title: "Failed share by window",
          description:
            "Pages at 14.4 % over 1 h and 5 m, 6 % over 6 h and 30 m; tickets at 3 % over 1 d, 1 % over 3 d.",
          unit: "percentunit",
          width: 18,
          steps: [
            { from: 0.01, color: "yellow" },
            { from: 0.144, color: "red" },
          ],
          zeroBecause: "Without jobs there is no ratio.",
          targets: windows.map((window) => ({
            expr: `max(pixelmesh:jobs_failed:burnrate${window} >= 0)`,
            legend: window,
          })),
        },
      ],
    },
    {
      title: "Latency",
      panels: [
        {
          title: "Jobs that took longer than 30 s",
          description: "Share of those that succeeded, over 10 minutes; alerted on above 5 %.",
          unit: "percentunit",
          width: 12,
          steps: [{ from: 0.05, color: "red" }],
          zeroBecause: "Without jobs there is no ratio.",
          targets: [{ expr: "pixelmesh:job_duration_over30s:ratio10m >= 0", legend: "{{pipeline}}" }],
        },
        {
          title: "p95 of jobs",
          description: "Over 10 minutes, by pipeline.",
          unit: "s",
          width: 12,
          steps: [{ from: 30, color: "red" }],
          targets: [{ expr: "pixelmesh:job_duration:p95_10m", legend: "{{pipeline}}" }],
        },
      ],
    },
  ],
};
