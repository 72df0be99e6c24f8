import { uncheckedTls } from "../../lib/backstage/appConfigFaults";
import { tlsOff } from "../../lib/pod/podSpec";
import { documents } from "../yamlDocuments";
import { providerType } from "../keycloak";
import {
  agree,
  allContainers,
  configMapType,
  containers,
  env,
  hasPods,
  mutableSpec,
  podSpec,
  type Located,
} from "../kubernetes";
import { valueAt, differs, unknown } from "../values";
import { resourceRule } from "../rule";

const nodeEnv = "NODE_ENV";
const named = ({ item }: Located, name: string): boolean => valueAt(item, "name") === name;

interface Config {
  readonly containers: readonly string[];
}

function podFaults(spec: Located, config: Config): string[] {
  const all = allContainers(spec).flatMap((container) => env(container));
  const missing = containers(spec).filter(
    (container) =>
      config.containers.some((name) => named(container, name)) &&
      valueAt(container.item, "env") !== unknown &&
      !env(container).some((one) => agree(valueAt(one.item, "name"), nodeEnv)),
  );
  return [
    ...missing.map(({ path }) => `${path}.env lacks ${nodeEnv}; set it to production`),
    ...all
      .filter((one) => named(one, nodeEnv) && differs(valueAt(one.item, "value"), "production"))
      .map(({ path }) => `${path}.value of ${nodeEnv} is not production; set it`),
    ...all
      .filter((one) => named(one, tlsOff))
      .map(
        ({ path }) =>
          `${path} is ${tlsOff}, which turns the check of certificates off; trust the authority by NODE_EXTRA_CA_CERTS`,
      ),
  ];
}

export const production = resourceRule<Config>({
  name: "production",
  description: "Backstage must run with NODE_ENV=production, and certificates must be checked everywhere.",
  severity: "high",
  remediation:
    "Set NODE_ENV to production, for anything else turns a broken sign-in provider into a warning; trust " +
    "an authority instead of switching the check off.",
  url: "https://nodejs.org/en/learn/getting-started/nodejs-the-difference-between-development-and-production",
  config: {
    containers: {
      type: "array",
      items: { type: "string" },
      default: ["backstage"],
      description: "The containers that must set NODE_ENV; any other may leave it out.",
    },
  },
  concerns: (type) => hasPods(type) || type === configMapType || type === providerType,
  faults: ({ type, props }, config) => {
    if (type === providerType)
      return [true, "true"].includes(valueAt(props, "tlsInsecureSkipVerify") as boolean)
        ? ["tlsInsecureSkipVerify turns the check of certificates off; set rootCaCertificate"]
        : [];
    if (type === configMapType) {
      return documents(props).flatMap(({ path, document }) =>
        uncheckedTls(document, path).map((at) => `${at} turns the check of certificates off; remove it`),
      );
    }
    return podFaults(podSpec(type, props), config);
  },
  remedy: (props, type, config) => {
    if (!hasPods(type)) return;
    for (const container of mutableSpec(type, props).containers ?? []) {
      const variable = container.env?.find(({ name }) => name === nodeEnv);
      if (variable !== undefined) variable.value = "production";
      else if (config.containers.includes(container.name ?? ""))
        container.env = [...(container.env ?? []), { name: nodeEnv, value: "production" }];
    }
  },
});
