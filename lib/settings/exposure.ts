import { isIP } from "node:net";
import { z } from "zod";
import { flag, name, port, whole } from "./common";
import { annotations, cidr, labels, objectName } from "./kubernetes";

/** The settings of how Backstage is reached, how many of it there are, and whom it may reach. */

const Exposure = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("service").describe("A Service only; whatever leads to it is not made here.") }),
  z.strictObject({
    kind: z.literal("ingress").describe("An Ingress for the host and path of `backstage.url`."),
    className: objectName.optional().describe("The IngressClass; the cluster's default when unset."),
    tlsSecret: objectName
      .optional()
      .describe("The Secret with the certificate; the controller's default certificate when unset."),
    annotations: annotations
      .default({})
      .describe("The Ingress' annotations; with a path in `backstage.url` the one that makes the controller strip it."),
  }),
  z.strictObject({
    kind: z
      .literal("gateway")
      .describe("A Gateway API HTTPRoute; TLS ends at the Gateway, and a path in `backstage.url` is stripped."),
    gateway: objectName.describe("The Gateway."),
    gatewayNamespace: name.optional().describe("Its namespace; Backstage's own when unset."),
    sectionName: objectName.optional().describe("The Gateway's listener, the one with TLS; every one when unset."),
    annotations: annotations.default({}).describe("The HTTPRoute's annotations."),
  }),
]);

const Autoscaling = z.strictObject({
  minReplicas: whole(1, 100).default(2).describe("The fewest pods."),
  maxReplicas: whole(1, 100).describe("The most pods."),
  cpuPercent: whole(1, 100).default(80).describe("The processor use, of what is requested, that is aimed at."),
});

const NetworkPolicy = z.strictObject({
  enabled: flag
    .default(true)
    .describe("Make NetworkPolicies. A cluster whose network does not enforce them ignores them."),
  fromNamespaces: z
    .array(labels)
    .default([])
    .describe("Labels of the namespaces that may call Backstage; anybody when empty."),
  egress: z
    .array(z.strictObject({ cidr: cidr.describe("The network."), port: port(1).describe("The TCP port.") }))
    .default([])
    .describe(
      "What Backstage may call beside DNS, Keycloak, its database and port 443, such as a load balancer's inner address.",
    ),
});

export const exposureSettings = {
  exposure: Exposure.default({ kind: "service" }).describe("What leads to Backstage from outside."),
  autoscaling: Autoscaling.optional().describe(
    "Let a HorizontalPodAutoscaler choose the number of pods, instead of `replicas`.",
  ),
  networkPolicy: NetworkPolicy.prefault({}).describe("Who may call whom."),
};

export type ExposureSettings = z.output<z.ZodObject<typeof exposureSettings>>;

/** How an Ingress named its class before it had a field for it. */
const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

/** Rules of these that need more than one key. */
export function exposureFaults(
  { exposure, autoscaling }: ExposureSettings,
  url: string,
  nodePort: number | undefined,
): string[] {
  const faults: string[] = [];
  if (autoscaling !== undefined && autoscaling.minReplicas > autoscaling.maxReplicas) {
    faults.push("backstage.autoscaling.minReplicas must not be more than backstage.autoscaling.maxReplicas; lower it.");
  }
  if (exposure.kind !== "service" && nodePort !== undefined) {
    faults.push(
      `backstage.nodePort would lead past the ${exposure.kind} and its TLS; remove it, or set backstage.exposure.kind to service.`,
    );
  }
  if (exposure.kind !== "service" && isIP(new URL(url).hostname.replace(/^\[|\]$/g, "")) !== 0) {
    faults.push(
      `backstage.url names an IP address, for which no ${exposure.kind} can be made; give it a host name, ` +
        "or set backstage.exposure.kind to service.",
    );
  }
  if (exposure.kind !== "service" && /\/\/|%2f/i.test(new URL(url).pathname)) {
    faults.push(
      `backstage.url has a path that no ${exposure.kind} takes, with slashes in a row or an escaped one; write it with single slashes.`,
    );
  }
  if (
    exposure.kind === "ingress" &&
    exposure.className !== undefined &&
    Object.hasOwn(exposure.annotations, CLASS_ANNOTATION)
  ) {
    faults.push(
      `backstage.exposure.annotations has ${CLASS_ANNOTATION}, which no Ingress may have beside its class; ` +
        "remove it, or backstage.exposure.className.",
    );
  }
  if (exposure.kind === "ingress" && new URL(url).pathname !== "/" && Object.keys(exposure.annotations).length === 0) {
    faults.push(
      "backstage.exposure.annotations must make the controller strip the path of backstage.url, which Backstage does not know; set them.",
    );
  }
  return faults;
}
