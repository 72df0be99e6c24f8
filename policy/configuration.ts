import { type handleUnaryCall, Server, status } from "@grpc/grpc-js";
import { closest } from "fastest-levenshtein";
import type { Rule } from "./rule";

/** The configuration of the pack, checked: the engine itself ignores a name that no policy has. */

const meant = (wrote: string, known: readonly string[]): string =>
  known.length === 0 ? "remove it." : `did you mean ${closest(wrote, known)}?`;

/**
 * A sentence for each name in a configuration that nobody would look at.
 * @param properties by policy, the names of its properties
 */
export function configurationFaults(
  rules: readonly Rule[],
  properties: Readonly<Record<string, readonly string[]>>,
): string[] {
  return Object.entries(properties).flatMap(([policy, given]) => {
    const rule = rules.find(({ name }) => name === policy);
    if (rule === undefined)
      return policy === "all"
        ? []
        : [
            `${policy} is not a policy; ${meant(
              policy,
              rules.map(({ name }) => name),
            )}`,
          ];
    const known = Object.keys(rule.config ?? {});
    return given
      .filter((property) => !known.includes(property))
      .map((property) => `${policy}.${property} is not a property; ${meant(property, known)}`);
  });
}

interface Request {
  getPolicyconfigMap(): {
    forEach(
      visit: (
        config: { getProperties(): { toJavaScript(): Record<string, unknown> } | undefined },
        policy: string,
      ) => void,
    ): void;
  };
}

/**
 * Makes the pack refuse a configuration with such names. The engine hands it over whole, but @pulumi/policy shows each
 * policy only its own: so it is looked at where it comes in. test/e2e/policy.test.ts fails when an SDK changes that.
 */
export function refuseUnknownNames(rules: readonly Rule[]): void {
  const prototype: { addService: (this: Server, ...args: Parameters<Server["addService"]>) => void } = Server.prototype;
  const { addService } = prototype;
  prototype.addService = function (service, implementation) {
    const { configure } = implementation as { configure: handleUnaryCall<Request, unknown> };
    const checked: typeof configure = (call, callback) => {
      const properties: Record<string, string[]> = {};
      call.request
        .getPolicyconfigMap()
        .forEach((config, policy) => (properties[policy] = Object.keys(config.getProperties()?.toJavaScript() ?? {})));
      const faults = configurationFaults(rules, properties);
      if (faults.length === 0) configure(call, callback);
      else callback({ code: status.INVALID_ARGUMENT, details: faults.join(" ") });
    };
    addService.call(this, service, { ...implementation, configure: checked });
  };
}
