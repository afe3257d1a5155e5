import type { Env } from "@pixelmesh/config";
import type { RoleName } from "@pixelmesh/roles";
import type { MeshProcess } from "./data-dir/mesh-file.ts";
import type { Restart } from "./processes/supervise.ts";
import type { ServiceCommand } from "./services/service-command.ts";

/** An event of a running mesh. */
export type MeshEvent =
  | { readonly kind: "broker"; readonly url: string; readonly pid: number }
  | { readonly kind: "ready"; readonly service: MeshProcess }
  | ({ readonly kind: "restarted"; readonly name: RoleName | "broker" } & Restart)
  /** A service logged an error. */
  | { readonly kind: "error"; readonly name: RoleName; readonly text: string }
  /** A service takes debuggers at this `ws:` URL. */
  | { readonly kind: "inspector"; readonly name: RoleName; readonly url: string }
  /** These source files changed, and these services restart. `paths` holds the first few of `count`. */
  | {
      readonly kind: "changed";
      readonly paths: readonly string[];
      readonly count: number;
      readonly names: readonly RoleName[];
    }
  /** A part that the mesh can run without, such as its logs, failed or recovered. */
  | { readonly kind: "trouble"; readonly text: string };

/** How a mesh is started. */
export type MeshOptions = {
  /** For broker, blobs, logs and mesh.json; kept over restarts. */
  readonly dataDir: string;
  /** `fixed`: the documented ports, or those of the variables; `free`: any free ports; a number: the first port. */
  readonly ports: "fixed" | "free" | number;
  /** The environment that services inherit. */
  readonly env: Env;
  /** Address or name of this machine at which services listen and are called; default: loopback. */
  readonly host?: string;
  /** A broker that other machines use too, instead of a private one: `nats://host:port`, several separated by commas. */
  readonly brokerUrl?: string;
  readonly modelsDirs?: readonly string[];
  /** Default: all. */
  readonly services?: readonly RoleName[];
  readonly onEvent?: (event: MeshEvent) => void;
  readonly signal?: AbortSignal;
  /** How a service is run; default: the one of this project. */
  readonly command?: (name: RoleName) => ServiceCommand;
  /** Services that take debuggers on loopback, each with its port; 0 is any free port. */
  readonly inspect?: ReadonlyMap<RoleName, number>;
  /** The directories whose source files restart a service when they change. Default: no service restarts for that. */
  readonly sourceDirs?: (name: RoleName) => readonly string[];
};

/** A broker and services as child processes. They are restarted when they crash, until the mesh is stopped. */
export type Mesh = {
  /** Address of ingest, the only one that a client needs. */
  readonly address: string;
  readonly dataDir: string;
  /** `pid` is 0 for a broker that was given. */
  broker(): { readonly url: string; readonly pid: number };
  /** The processes that run now. */
  processes(): readonly MeshProcess[];
  /** Sends a signal to one process, as an operator or a crash would. */
  kill(name: RoleName | "broker", signal: NodeJS.Signals): void;
  /** Restarts a service, if the mesh has it: SIGTERM now, and SIGKILL after 10 s. `why` is in the event `restarted`. */
  restart(name: RoleName, why: string): void;
  /** The directory of the logs, one file a service. */
  readonly logsDir: string;
  logPath(name: RoleName): string;
  /** Drains in order within `graceMs` (default 25 s), then kills the processes that still run. */
  stop(graceMs?: number): Promise<void>;
  /** Kills all processes at once. */
  stopNow(): void;
};
