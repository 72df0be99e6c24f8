import { isIP } from "node:net";
import { z } from "zod";
import { imageFault } from "../pod/images";
import { HOST } from "../keycloak/urls";
import { judged } from "./common";

/** The kinds of values that Kubernetes knows, checked as its API server would, but before anything is created. */

/** Is it an IPv4 or IPv6 network, as address/bits? */
export function isCidr(value: string): boolean {
  const [address = "", bits = "", ...rest] = value.split("/");
  const most = isAddress(address) ? ({ 4: 32, 6: 128 }[isIP(address)] ?? -1) : -1;
  return rest.length === 0 && /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= most;
}

/**
 * An IPv4 or IPv6 address, as the API server takes it: without a zone, and no IPv4 address in an IPv6 one's clothes.
 */
const isAddress = (value: string): boolean =>
  isIP(value) !== 0 && !value.includes("%") && !(value.includes(":") && value.includes("."));

/** An address as a number. */
function numberOf(address: string): bigint {
  if (isIP(address) === 4) return address.split(".").reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text = ""): string[] => (text === "" ? [] : text.split(":"));
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill("0");
  return [...groups(head), ...zeros, ...groups(tail)].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

function cidrFault(value: string): string | undefined {
  if (!isCidr(value)) return "must be a network in CIDR notation, such as 10.0.0.0/8";
  const [address = "", bits] = value.split("/");
  const host = BigInt((isIP(address) === 4 ? 32 : 128) - Number(bits));
  return numberOf(address) % 2n ** host === 0n
    ? undefined
    : `is an address within a network of ${bits ?? ""} bits, and no network; write 0 for every bit behind those, as in 10.0.0.0/8`;
}

export const image = judged(z.string(), imageFault).meta({ title: "image reference" });

const QUANTITY = /^(\d+(?:\.\d+)?)(m|[kMGTPE]|[KMGTPE]i|[eE]\d{1,2})?$/;
const powers: Readonly<Record<string, number>> = { m: -1, k: 1, K: 1, M: 2, G: 3, T: 4, P: 5, E: 6 };

/** How much a quantity is, in cores or bytes; NaN when it is none. */
export function amount(value: string): number {
  const [, number = "", suffix = ""] = QUANTITY.exec(value) ?? [];
  if (/^[eE]\d/.test(suffix)) return Number(`${number}${suffix}`);
  const factor = suffix === "" ? 1 : (suffix.endsWith("i") ? 1024 : 1000) ** (powers[suffix.charAt(0)] ?? NaN);
  return number === "" ? NaN : Number(number) * factor;
}

/** The API server caps what is more, in silence. */
const MOST = 2 ** 63;

/** A quantity of at least this. @param what what less of it would do, as the end of a sentence */
export const quantityFrom = (least: string, what: string) =>
  judged(z.string('must be a quantity in quotes, such as "500m" or "1"'), (value) => {
    const much = amount(value);
    if (Number.isNaN(much)) return "must be a Kubernetes quantity, such as 500m, 512Mi or 10Gi";
    if (much >= MOST) return "is more than Kubernetes can count; lower it";
    return much < amount(least) ? `is ${value}, and with less than ${least} ${what}; raise it` : undefined;
  }).meta({ title: "quantity" });

export const quantity = quantityFrom("0", "");

export const host = z
  .string()
  .refine(
    // A name whose last label is a number is an address that was written wrong.
    (value) => (HOST.test(value) && !/(^|\.)\d+$/.test(value)) || isAddress(value),
    "must be a host name in lower case or an IP address, without a scheme or a port",
  )
  .meta({ title: "host" });

export const hostName = z
  .string()
  .regex(HOST, "must be a host name in lower case, without a scheme or a port")
  .meta({ title: "host name" });

export const address = z.string().refine(isAddress, "must be an IP address").meta({ title: "IP address" });

export const cidr = judged(z.string(), cidrFault).meta({ title: "CIDR" });

/** A key of a ConfigMap or Secret, which is a file's name too. */
export const key = z
  .string()
  .regex(
    /^(?!\.\.|\.$)[-._A-Za-z0-9]{1,253}$/,
    "must be 1 to 253 of A-Z, a-z, 0-9, '.', '_' and '-', and no part of a path",
  )
  .meta({ title: "key" });

/** A name that may have dots: of a StorageClass, an IngressClass, a Secret. */
export const objectName = z
  .string()
  .regex(HOST, "must be a Kubernetes object name, of a-z, 0-9, '-' and '.'")
  .meta({ title: "object name" });

const LABEL =
  /^((?=[^/]{1,253}\/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** The name of a label, a taint or an annotation. */
export const labelName = z
  .string()
  .regex(LABEL, "is not a label name, such as example.com/role")
  .meta({ title: "label name" });

const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** The value of a label or a taint. */
export const labelValue = z
  .string("must be a string; put it in quotes")
  .regex(LABEL_VALUE, "must be at most 63 of A-Z, a-z, 0-9, '.', '_' and '-', with a letter or digit at each end")
  .meta({ title: "label value" });

/** Labels: names of them to values. */
export const labels = z.record(labelName, labelValue).meta({ title: "map to label values" });

/** What the API server takes of all annotations of an object, in bytes, less what the program adds. */
const MOST_ANNOTATIONS = 255 * 1024;

/** Annotations: names of them to any text. */
export const annotations = z
  .record(labelName, z.string("must be a string; put it in quotes"))
  .refine(
    (all) => Buffer.byteLength(Object.entries(all).flat().join("")) <= MOST_ANNOTATIONS,
    `hold more than ${MOST_ANNOTATIONS} bytes; shorten them`,
  )
  .meta({ title: "map to text" });
