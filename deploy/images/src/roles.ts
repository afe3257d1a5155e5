/** What there is an image of: a service or the command line, as `/app` of the image `pixelmesh/<role>`. */
export type Role = {
  /** Its workspace package, below the root. */
  readonly dir: string;
  /** Whether it runs models: only then it carries the inference runtime. */
  readonly runsModels: boolean;
  /** Whether it is a service of models, of which there is a variant with the CUDA provider. */
  readonly servesModels: boolean;
  /** Most that its tree may take on disk; what is new and large should be noticed. */
  readonly maxMib: number;
};

/** Every image that holds a tree of ours, by role. */
export const roles = {
  ingest: { dir: "services/ingest", runsModels: false, servesModels: false, maxMib: 50 },
  scheduler: { dir: "services/scheduler", runsModels: false, servesModels: false, maxMib: 30 },
  storage: { dir: "services/storage", runsModels: false, servesModels: false, maxMib: 30 },
  upscale: { dir: "services/upscale", runsModels: true, servesModels: true, maxMib: 100 },
  background: { dir: "services/background", runsModels: true, servesModels: true, maxMib: 100 },
  effects: { dir: "services/effects", runsModels: false, servesModels: false, maxMib: 50 },
  cli: { dir: "libs/cli", runsModels: true, servesModels: false, maxMib: 100 },
} as const satisfies Record<string, Role>;

/** Name of a role. */
export type RoleName = keyof typeof roles;

/** Whether there is an image of this name. */
export function isRoleName(text: string): text is RoleName {
  return Object.hasOwn(roles, text);
}
