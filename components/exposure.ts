import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ExposureSettings } from "../lib/settings/exposure";
import type { Target } from "./support/target";
import { transformed, type Transform } from "./support/transform";

export interface ExposureTransforms {
  /** Changes the Ingress. @default as it is made */
  readonly ingress?: Transform<k8s.networking.v1.IngressArgs>;
  /** Changes the HTTPRoute. @default as it is made */
  readonly httpRoute?: Transform<k8s.apiextensions.CustomResourceArgs>;
}

export interface ExposureArgs {
  /** Where its objects go. */
  readonly target: Target;
  /** The namespace of the Service. */
  readonly namespace: pulumi.Input<string>;
  /** Backstage's public URL; host and path derive from it. */
  readonly url: string;
  /** Where requests are led to. */
  readonly service: k8s.core.v1.Service;
  /** By an Ingress or by an HTTPRoute, and how. */
  readonly settings: Exclude<ExposureSettings["exposure"], { kind: "service" }>;
  /** A way out, where no setting leads. @default none */
  readonly transforms?: ExposureTransforms;
}

/** The name of the Service's port that Backstage is reached at. */
export const servicePort = { name: "http", port: 80 } as const;

/** What leads from the public URL to Backstage's Service: an Ingress or a Gateway API HTTPRoute. */
export class Exposure extends pulumi.ComponentResource {
  /** The host that browsers use. */
  readonly hostName: string;

  constructor(name: string, args: ExposureArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Exposure", name, { settings: args.settings, url: args.url }, opts);
    const { settings } = args;
    const metadata = {
      name,
      namespace: args.namespace,
      labels: { app: name },
      annotations: { ...settings.annotations, ...args.target.annotations("workload") },
    };
    const own = { parent: this, dependsOn: [args.service] };
    if (settings.kind === "ingress")
      new k8s.networking.v1.Ingress(
        name,
        transformed(args.transforms?.ingress, ingress(metadata, args, settings)),
        own,
      );
    else
      new k8s.apiextensions.CustomResource(
        name,
        transformed(args.transforms?.httpRoute, httpRoute(metadata, args, settings)),
        own,
      );
    this.hostName = new URL(args.url).hostname;
    this.registerOutputs({ hostName: this.hostName });
  }
}

type Metadata = k8s.types.input.meta.v1.ObjectMeta;
type Of<Kind> = Extract<ExposureArgs["settings"], { kind: Kind }>;

function ingress(
  metadata: Metadata,
  { service, url }: ExposureArgs,
  { className, tlsSecret }: Of<"ingress">,
): k8s.networking.v1.IngressArgs {
  const { hostname: host, pathname, protocol } = new URL(url);
  const backend = { service: { name: service.metadata.name, port: { name: servicePort.name } } };
  return {
    metadata,
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      rules: [{ host, http: { paths: [{ path: pathname, pathType: "Prefix", backend }] } }],
      ...(protocol === "https:"
        ? { tls: [{ hosts: [host], ...(tlsSecret === undefined ? {} : { secretName: tlsSecret }) }] }
        : {}),
    },
  };
}

function httpRoute(
  metadata: Metadata,
  { service, url }: ExposureArgs,
  settings: Of<"gateway">,
): k8s.apiextensions.CustomResourceArgs {
  const { hostname, pathname } = new URL(url);
  const { gateway, gatewayNamespace, sectionName } = settings;
  // Backstage's backend serves at its root, whatever path its public URL has.
  const strip = { type: "URLRewrite", urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } } };
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata,
    spec: {
      parentRefs: [
        {
          name: gateway,
          ...(gatewayNamespace === undefined ? {} : { namespace: gatewayNamespace }),
          ...(sectionName === undefined ? {} : { sectionName }),
        },
      ],
      hostnames: [hostname],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: pathname } }],
          ...(pathname === "/" ? {} : { filters: [strip] }),
          backendRefs: [{ name: service.metadata.name, port: servicePort.port }],
        },
      ],
    },
  };
}
