import { isIP } from "node:net";
import { z } from "zod";
import { imageFault } from "../images";

/** The kinds of values that Kubernetes knows, checked as its API server would, but before anything is created. */

/** Is it an IPv4 or IPv6 network, as address/bits? */
export function isCidr(value: string): boolean {
  const [address = "", bits = "", ...rest] = value.split("/");
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

const HOST = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/;

export const image = z
  .string()
  .superRefine((value, context) => {
    const fault = imageFault(value);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  })
  .meta({ title: "image reference" });

export const quantity = z
  .string("must be a quantity in quotes, such as \"500m\" or \"1\"")
  .regex(/^\d+(\.\d+)?(m|[kMGTPE]|[KMGTPE]i|[eE]\d{1,2})?$/, "must be a Kubernetes quantity, such as 500m, 512Mi or 10Gi")
  .meta({ title: "quantity" });

export const host = z
  .string()
  .refine((value) => HOST.test(value) || isIP(value) !== 0, "must be a host name in lower case or an IP address, without a scheme or a port")
  .meta({ title: "host" });

export const hostName = z.string().regex(HOST, "must be a host name in lower case, without a scheme or a port").meta({ title: "host name" });

export const address = z.string().refine((value) => isIP(value) !== 0, "must be an IP address").meta({ title: "IP address" });

export const cidr = z.string().refine(isCidr, "must be a network in CIDR notation, such as 10.0.0.0/8").meta({ title: "CIDR" });

/** A key of a ConfigMap or Secret. */
export const key = z.string().regex(/^[-._A-Za-z0-9]{1,253}$/, "must be 1 to 253 of A-Z, a-z, 0-9, '.', '_' and '-'").meta({ title: "key" });

/** A name that may have dots: of a StorageClass, an IngressClass, a Secret. */
export const objectName = z.string().regex(HOST, "must be a Kubernetes object name, of a-z, 0-9, '-' and '.'").meta({ title: "object name" });

const LABEL = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Labels or annotations: names of them to values. */
export const labels = z.record(
  z.string().regex(LABEL, "is not a label name, such as example.com/role"),
  z.string("must be a string; put it in quotes"),
).meta({ title: "map to text" });
