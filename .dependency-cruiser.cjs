// Import rules of docs/explanation/architecture.md: services -> libs -> proto, floors of libs, pure cores, and one owner for each
// library that touches the outside. Run by scripts/check-imports.ts, which fails if no module was seen.
const libFloors = [
  ["testing"],
  ["cli"],
  ["local-mesh"],
  ["worker"],
  ["client", "service"],
  ["bus", "models", "rpc"],
  ["gpu", "guarded-fetch", "inference", "secrets", "telemetry", "pipeline-flags"],
  ["pipeline", "imaging", "config", "json-views", "flag-values"],
  ["lifecycle"],
  ["errors", "roles", "short-text"],
];
const tests = "(\\.test\\.ts$|/test/)";

const floorRules = libFloors.flatMap((names, floor) => {
  const above = libFloors.slice(0, floor).flat();
  return names.map((name) => ({
    name: `floor-${name}`,
    comment: `libs/${name} may import only floors below it`,
    severity: "error",
    from: { path: `^libs/${name}/src/`, pathNot: tests },
    to: { path: `^libs/(${[...above, ...names.filter((other) => other !== name)].join("|") || "none"})/` },
  }));
});

const owner = (name, module, allowed) => ({
  name: `only-${name}`,
  comment: `${module} is known to its owner only`,
  severity: "error",
  from: { path: "^(libs|services|proto)/", pathNot: `${tests}|${allowed}` },
  to: { path: module },
});

module.exports = {
  forbidden: [
    { name: "no-circle", severity: "error", from: {}, to: { circular: true } },
    {
      name: "libs-never-import-services",
      severity: "error",
      from: { path: "^libs/" },
      to: { path: "^services/" },
    },
    {
      name: "services-never-import-services",
      severity: "error",
      from: { path: "^services/([^/]+)/" },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "proto-imports-nothing-of-ours",
      severity: "error",
      from: { path: "^proto/" },
      to: { path: "^(libs|services)/" },
    },
    {
      name: "no-deep-imports",
      comment: "a lib is used through its index.ts; some have a second, narrow entry, which their package.json names",
      severity: "error",
      from: { path: "^(libs|services)/([^/]+)/" },
      to: {
        path: "^libs/[^/]+/src/(?!index\\.ts$)",
        pathNot: "^($1/$2/|libs/(bus/src/broker|client/src/processes|rpc/src/client/index|telemetry/src/calls)\\.ts$)",
      },
    },
    {
      name: "pure-cores",
      comment: "domain/ and libs/pipeline take values and return values: no I/O of any kind",
      severity: "error",
      from: { path: "^(libs/pipeline/src|services/[^/]+/src/domain)/", pathNot: tests },
      to: {
        path: "node_modules/(nice-grpc|@grpc|@nats-io|onnxruntime|sharp|pino|prom-client)|^libs/(bus|rpc|worker|service|telemetry|inference)/|^(node:)?(fs|net|http|child_process|process|os|worker_threads|timers)(/|$)",
        // The effects stream rows and yield to the event loop between them: that timer is their only contact.
        pathNot: "^(node:)?timers/promises$",
      },
    },
    ...floorRules,
    owner("bus-knows-nats", "node_modules/@nats-io/", "^libs/(bus|testing)/"),
    owner("storage-knows-aws", "node_modules/@aws-sdk/", "^services/storage/src/adapters/s3/"),
    owner("models-knows-undici", "node_modules/undici/", "^libs/(guarded-fetch|models)/"),
    owner("inference-knows-onnx", "node_modules/onnxruntime-node/", "^libs/(inference|testing)/"),
    owner(
      "imaging-knows-sharp",
      "node_modules/sharp/",
      "^(libs/imaging|libs/testing|services/effects/src/domain/effects)/",
    ),
    owner(
      "rpc-knows-grpc",
      "node_modules/(nice-grpc|@grpc)",
      "^(libs/(rpc|client)/|proto/|services/[^/]+/src/(rpc/|server\\.ts))",
    ),
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // Tests may reach anywhere (and the parser does not know `using`, which they like).
    exclude: { path: "(^|/)(dist|out|\\.tools|models/training|test)/|\\.test\\.ts$" },
    parser: "swc",
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["development", "import", "node", "default"],
      extensions: [".ts", ".js", ".mjs", ".cjs", ".json"],
    },
  },
};
