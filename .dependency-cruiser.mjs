/**
 * Which room may import which; docs/modules.svg draws which does. A room may import itself, what stands here, and
 * nothing else of ours.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const ROOMS = {
  "index.ts": ["deploy.ts", "config.ts", "lib"],
  "backstageWithKeycloak.ts": ["deploy.ts", "config.ts", "preflight", "lib"],
  "deploy.ts": ["config.ts", "preflight", "program", "lib"],
  "config.ts": ["lib"],
  preflight: ["config.ts", "lib"],
  program: ["config.ts", "components", "lib"],
  components: ["lib"],
  lib: [],
  render: ["config.ts", "program", "lib"],
  verify: ["lib"],
  policy: ["lib"],
  sandbox: ["verify", "lib"],
  bench: ["sandbox", "verify", "lib", "test"],
  docs: ["bench", "policy", "lib"],
};

/**
 * What a room may import for its types alone.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const TYPES = { lib: ["config.ts"], render: ["components"] };

/** @param {readonly string[]} rooms */
const pathOf = (rooms) => `^(${rooms.map((room) => room.replace(".", "\\.")).join("|")})(/|$)`;
const ours = pathOf([...Object.keys(ROOMS), "test"]);

const rules = Object.entries(ROOMS).flatMap(([room, others]) => {
  const from = { path: pathOf([room]) };
  const values = pathOf([room, ...others]);
  const types = pathOf([room, ...others, ...(TYPES[room] ?? [])]);
  return [
    { from, to: { path: ours, pathNot: values, dependencyTypesNot: ["type-only"] } },
    { from, to: { path: ours, pathNot: types, dependencyTypes: ["type-only"] } },
  ].map((rule) => ({ ...rule, name: `${room} imports ${others.join(", ") || "none of ours"}`, severity: "error" }));
});

export default {
  forbidden: [
    ...rules,
    {
      name: "no circle",
      comment: "Two files that need each other's values are one; types may refer to each other.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "decisions know no Pulumi",
      comment: "They run in the pod, in the policies and on call as well; lib/runtime is how Pulumi's Node starts.",
      severity: "error",
      from: { path: "^(lib|verify)/", pathNot: "^lib/runtime/" },
      to: { path: "@pulumi/", dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(sandbox/(app|backstage)|dist)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
  },
};
