import { servedCertificate, type ServedCertificate } from "../answer";
import { Broken, CannotLook } from "../runChecks";

/** What is wrong with a certificate, as of now; undefined when nothing is. */
export function certificateFault(
  origin: string,
  { fault, issuer, expires }: ServedCertificate,
  now: Date,
): Broken | undefined {
  if (expires <= now)
    return new Broken(`the certificate of ${origin} has expired on ${expires.toISOString()}`, "renew it");
  if (fault === undefined) return undefined;
  const remedy =
    "serve its whole chain for this name; an authority of your own goes into NODE_EXTRA_CA_CERTS here and into backstage.caBundle";
  return new Broken(`the certificate of ${origin}, issued by ${issuer}, is not trusted (${fault})`, remedy);
}

/** Is the certificate trusted, and for how long? */
export async function certificateHolds(url: string): Promise<string> {
  const { origin } = new URL(url);
  const served = await servedCertificate(url).catch((error: unknown) => {
    throw new CannotLook(
      `${origin} shows no certificate (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`,
      "look again, then at what ends TLS there",
    );
  });
  const broken = certificateFault(origin, served, new Date());
  if (broken !== undefined) throw broken;
  const days = Math.floor((served.expires.getTime() - Date.now()) / 86_400_000);
  return `issued by ${served.issuer}, ${days} days left`;
}
