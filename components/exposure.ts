import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Target } from "./support/target";
import { transformed, type Transform } from "./support/transform";

/** An Ingress for the host and path of the public URL. */
export interface IngressExposure {
  /** What leads to the Service. */
  readonly kind: "ingress";
  /** The IngressClass. @default the cluster's */
  readonly className?: string | undefined;
  /** The Secret with the certificate. @default the controller's certificate */
  readonly tlsSecret?: string | undefined;
  /** Its annotations; with a path in the URL the one that makes the controller strip it. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Gateway API HTTPRoute: TLS ends at the Gateway, and a path in the public URL is stripped. */
export interface GatewayExposure {
  /** What leads to the Service. */
  readonly kind: "gateway";
  /** The Gateway. */
  readonly gateway: string;
  /** Its namespace. @default the Service's */
  readonly gatewayNamespace?: string | undefined;
  /** The Gateway's listener, the one with TLS. @default every one */
  readonly sectionName?: string | undefined;
  /** Its annotations. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
}

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
  /** The Service's port that Backstage is reached at. */
  readonly port: k8s.types.input.core.v1.ServicePort;
  /** By an Ingress or by an HTTPRoute, and how. */
  readonly exposure: IngressExposure | GatewayExposure;
  /** A way out, where no setting leads. @default none */
  readonly transforms?: ExposureTransforms | undefined;
}

/** What leads from the public URL to Backstage's Service: an Ingress or a Gateway API HTTPRoute. */
export class Exposure extends pulumi.ComponentResource {
  /** The host that browsers use. */
  readonly hostName: string;

  constructor(name: string, args: ExposureArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Exposure", name, { exposure: args.exposure, url: args.url }, opts);
    const { exposure } = args;
    const metadata = {
      name,
      namespace: args.namespace,
      labels: { app: name },
      annotations: { ...exposure.annotations, ...args.target.annotations("workload") },
    };
    const own = { parent: this, dependsOn: [args.service] };
    if (exposure.kind === "ingress")
      new k8s.networking.v1.Ingress(
        name,
        transformed(args.transforms?.ingress, ingress(metadata, args, exposure)),
        own,
      );
    else
      new k8s.apiextensions.CustomResource(
        name,
        transformed(args.transforms?.httpRoute, httpRoute(metadata, args, exposure)),
        own,
      );
    this.hostName = new URL(args.url).hostname;
    this.registerOutputs({ hostName: this.hostName });
  }
}

type Metadata = k8s.types.input.meta.v1.ObjectMeta;

function ingress(
  metadata: Metadata,
  { service, port, url }: ExposureArgs,
  { className, tlsSecret }: IngressExposure,
): k8s.networking.v1.IngressArgs {
  const { hostname: host, pathname, protocol } = new URL(url);
  const backend = { service: { name: service.metadata.name, port: { name: port.name } } };
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
  { service, port, url }: ExposureArgs,
  { gateway, gatewayNamespace, sectionName }: GatewayExposure,
): k8s.apiextensions.CustomResourceArgs {
  const { hostname, pathname } = new URL(url);
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
          backendRefs: [{ name: service.metadata.name, port: port.port }],
        },
      ],
    },
  };
}
