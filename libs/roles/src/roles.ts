/** One role: its port, its tasks, its dependencies and its limits. */
export type Role<Name extends string = string> = {
  /** Default port of its API. The health port is 100 above it, the metrics port 200. */
  readonly port: number;
  /** The protocol of its API on that port. Health is gRPC everywhere. */
  readonly protocol: "grpc" | "http";
  /** Whether its processes connect to the broker. */
  readonly usesBroker: boolean;
  /** Whether its processes take steps from a work queue. */
  readonly takesSteps: boolean;
  /** Whether its processes run models, in inference hosts. */
  readonly runsModels: boolean;
  /** Roles that its processes call over gRPC. */
  readonly calls: readonly Name[];
  /** Order of a drain: roles of the lowest rank stop first. */
  readonly stopRank: number;
  /** Size limit of its container image's own files, in MiB. */
  readonly imageMaxMib: number;
  /** The setting without which a local mesh starts without this role; left out: it always starts. */
  readonly startedBy?: string;
};

/** Returns the table. The type makes the compiler check that `calls` names roles of the same table. */
function defineRoles<const Table extends Record<string, Role<Extract<keyof Table, string>>>>(table: Table): Table {
  return table;
}

/**
 * The roles of a mesh, in the order of their ports. Ports, addresses, queues, metrics, the local mesh, images, the compose file,
 * the scrape list and the chart follow from this table.
 */
export const roles = defineRoles({
  ingest: {
    port: 7400,
    protocol: "grpc",
    usesBroker: true,
    takesSteps: true,
    runsModels: false,
    calls: ["ingest", "scheduler", "storage", "upscale", "background", "effects", "remote"],
    stopRank: 1,
    imageMaxMib: 50,
  },
  scheduler: {
    port: 7401,
    protocol: "grpc",
    usesBroker: true,
    takesSteps: false,
    runsModels: false,
    calls: [],
    stopRank: 3,
    imageMaxMib: 30,
  },
  storage: {
    port: 7402,
    protocol: "grpc",
    usesBroker: true,
    takesSteps: false,
    runsModels: false,
    calls: [],
    stopRank: 4,
    imageMaxMib: 30,
  },
  upscale: {
    port: 7403,
    protocol: "grpc",
    usesBroker: true,
    takesSteps: true,
    runsModels: true,
    calls: ["scheduler", "storage"],
    stopRank: 2,
    imageMaxMib: 100,
  },
  background: {
    port: 7404,
    protocol: "grpc",
    usesBroker: true,
    takesSteps: true,
    runsModels: true,
    calls: ["scheduler", "storage"],
    stopRank: 2,
    imageMaxMib: 100,
  },
  effects: {
    port: 7405,
    protocol: "grpc",
    usesBroker: true,
    takesSteps: true,
    runsModels: false,
    calls: ["scheduler", "storage"],
    stopRank: 2,
    imageMaxMib: 50,
  },
  remote: {
    port: 7406,
    protocol: "grpc",
    usesBroker: true,
    takesSteps: true,
    runsModels: false,
    calls: ["scheduler", "storage"],
    stopRank: 2,
    imageMaxMib: 50,
    startedBy: "PIXELMESH_REMOTE_MANIFEST",
  },
  gateway: {
    port: 7480,
    protocol: "http",
    usesBroker: false,
    takesSteps: false,
    runsModels: false,
    calls: ["ingest"],
    stopRank: 0,
    imageMaxMib: 25,
  },
});

/** Name of a role. */
export type RoleName = keyof typeof roles;

/** A role whose processes take steps from a work queue. */
export type WorkerRole = { [N in RoleName]: (typeof roles)[N]["takesSteps"] extends true ? N : never }[RoleName];

/** A role whose processes run models. */
export type ModelRole = { [N in RoleName]: (typeof roles)[N]["runsModels"] extends true ? N : never }[RoleName];

/** Every role, in the order of the table. */
export const roleNames = Object.keys(roles) as readonly RoleName[];

/** The roles that take steps, in the order of the table. */
export const workerRoles = roleNames.filter((name): name is WorkerRole => roles[name].takesSteps);

/** The roles that run models, in the order of the table. */
export const modelRoles = roleNames.filter((name): name is ModelRole => roles[name].runsModels);

/** The roles whose processes connect to the broker, in the order of the table. */
export const brokerRoles = roleNames.filter((name) => roles[name].usesBroker);

/** The roles that every mesh has for its jobs, in the order of the table: all but those that only pass calls of HTTP on, and those that a setting starts. */
export const jobRoles = roleNames.filter((name) => roles[name].protocol === "grpc" && startSetting(name) === undefined);

/** The setting without which a local mesh starts without a role; undefined: it always starts. */
export function startSetting(name: RoleName): string | undefined {
  const role: Role = roles[name];
  return role.startedBy;
}

/** The roles that a local mesh starts with these settings, in the order of the table. */
export function startedRoles(env: Readonly<Record<string, string | undefined>>): readonly RoleName[] {
  return roleNames.filter((name) => {
    const setting = startSetting(name);
    return setting === undefined || (env[setting] ?? "") !== "";
  });
}

/** Groups of roles in the order in which a mesh drains: each group stops after the one before it. */
export const drainOrder: readonly (readonly RoleName[])[] = [...new Set(roleNames.map((name) => roles[name].stopRank))]
  .sort((a, b) => a - b)
  .map((rank) => roleNames.filter((name) => roles[name].stopRank === rank));

/** Default address of a role on this machine: `127.0.0.1:port`. */
export function localAddress(name: RoleName): string {
  return `127.0.0.1:${roles[name].port}`;
}

/** The variable that holds one port of a role's processes: `PIXELMESH_<ROLE>_GRPC_PORT` or `_HTTP_PORT` for its API, `_HEALTH_PORT`, `_METRICS_PORT`. */
export function portVariable(name: RoleName, kind: "api" | "health" | "metrics"): string {
  return `PIXELMESH_${name.toUpperCase()}_${(kind === "api" ? roles[name].protocol : kind).toUpperCase()}_PORT`;
}

/** The variable that holds a role's address: `PIXELMESH_<ROLE>_ADDRESS`. */
export function addressVariable(name: RoleName): string {
  return `PIXELMESH_${name.toUpperCase()}_ADDRESS`;
}
