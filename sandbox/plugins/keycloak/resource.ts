import type { CheckFailure, Operation, Resource } from "../provider";
import { hasUnknown, type Properties, UNKNOWN } from "../values";
import type { Keycloak } from "./client";
import {
  desired,
  differences,
  faults,
  type Fields,
  fromRepresentation,
  same,
  toRepresentation,
  withDefaults,
  zero,
} from "./fields";

/** What distinguishes one kind of object from another; values are the resource's properties by their Pulumi names. */
export interface Spec {
  fields: Fields;
  /** Outputs that are no inputs. */
  computed?: readonly string[];
  secretOutputs?: readonly string[];
  /** Further faults of the inputs, all of which are known. */
  check?: (news: Properties) => CheckFailure[];
  /** Adds to the representation what has no field of its own. */
  prepare?: (representation: Properties, values: Properties, outputs: Properties) => void;
  create: (keycloak: Keycloak, representation: Properties, values: Properties) => Promise<string>;
  /** What Keycloak has; its further properties in `extra`. Undefined: gone. */
  get: (
    keycloak: Keycloak,
    id: string,
    values: Properties,
  ) => Promise<{ found: Properties; extra?: Properties } | undefined>;
  put?: (
    keycloak: Keycloak,
    id: string,
    representation: Properties,
    values: Properties,
    outputs: Properties,
  ) => Promise<void>;
  remove: (keycloak: Keycloak, id: string, values: Properties) => Promise<unknown>;
  /** The id in Pulumi's state and the properties that an import id names. */
  parseImport: (importId: string) => { id: string; values: Properties };
}

/** `realm/id`, as most resources are imported. */
export function realmAndId(importId: string): { id: string; values: Properties } {
  const [realmId, id, ...rest] = importId.split("/");
  if (realmId === undefined || id === undefined || rest.length > 0) {
    throw new Error(`Invalid import. Supported import formats: {{realmId}}/{{id}}`);
  }
  return { id, values: { realmId } };
}

/** `import` of a resource merges what is there into the wish, insecure values too, and makes its deletion a no-op. */
export const importField = { type: "boolean", default: false, replace: true } as const;
export const refuseImport = (news: Properties): CheckFailure[] =>
  news.import === true
    ? [{ property: "import", reason: "is not known to the stand-in; use the resource option import" }]
    : [];

export function resource(spec: Spec): Resource<Keycloak> {
  const { fields } = spec;

  const values = (news: Properties, outputs: Properties): Properties =>
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, desired(field, news[name], outputs[name])]),
    );

  async function read(keycloak: Keycloak, id: string, before: Properties): Promise<Properties | undefined> {
    const answer = await spec.get(keycloak, id, before);
    if (answer === undefined) return undefined;
    return { ...fromRepresentation(fields, answer.found, before), ...answer.extra };
  }

  async function mustRead(keycloak: Keycloak, id: string, before: Properties): Promise<Properties> {
    const outputs = await read(keycloak, id, before);
    if (outputs === undefined) throw new Error(`${id} was written to Keycloak and is gone already.`);
    return outputs;
  }

  /** Before creation nobody knows what Keycloak fills in. */
  function planned(news: Properties): Properties {
    const open = Object.keys(fields).filter((name) => fields[name]?.keep === true && news[name] === undefined);
    return { ...Object.fromEntries([...open, ...(spec.computed ?? [])].map((name) => [name, UNKNOWN])), ...news };
  }

  function representation(news: Properties, outputs: Properties): [Properties, Properties] {
    const wanted = values(news, outputs);
    const result = toRepresentation(fields, wanted);
    spec.prepare?.(result, wanted, outputs);
    return [result, wanted];
  }

  return {
    inputs: Object.keys(fields),
    ...(spec.secretOutputs === undefined ? {} : { secretOutputs: spec.secretOutputs }),

    check(_, news) {
      const inputs = withDefaults(fields, news);
      const found = faults(fields, inputs);
      const further = found.length > 0 || hasUnknown(inputs) ? [] : (spec.check?.(inputs) ?? []);
      return { inputs, failures: [...found, ...further] };
    },

    diff: ({ outputs, news }) => ({ changes: differences(fields, outputs, news) }),

    async create(news, { config, preview }: Operation<Keycloak>) {
      if (preview) return { id: "", outputs: planned(news) };
      const [wanted, wantedValues] = representation(news, {});
      const id = await spec.create(config, wanted, wantedValues);
      return { id, outputs: await mustRead(config, id, news) };
    },

    async read({ id, inputs, outputs }, { config }) {
      const importing = Object.keys(outputs).length === 0;
      const known = importing ? spec.parseImport(id) : { id, values: outputs };
      const found = await read(config, known.id, known.values);
      if (found === undefined) return undefined;
      const names = importing
        ? Object.keys(fields).filter((name) => fields[name]?.createOnly !== true && found[name] !== undefined)
        : Object.keys(inputs).filter((name) => fields[name] !== undefined);
      const told = names.filter((name) => !importing || fields[name]?.required || notZero(name, found[name]));
      return { id: known.id, inputs: Object.fromEntries(told.map((name) => [name, found[name]])), outputs: found };
    },

    async update({ id, outputs, news }, { config, preview }) {
      if (spec.put === undefined) throw new Error("This resource cannot be changed, only replaced.");
      if (preview) return { ...outputs, ...news };
      const [wanted, wantedValues] = representation(news, outputs);
      await spec.put(config, id, wanted, wantedValues, outputs);
      return await mustRead(config, id, { ...outputs, ...news });
    },

    async delete({ id, outputs }, { config }) {
      await spec.remove(config, id, outputs);
    },
  };

  function notZero(name: string, value: unknown): boolean {
    const field = fields[name];
    return field !== undefined && (field.default !== undefined || !same(field, value, zero(field)));
  }
}
