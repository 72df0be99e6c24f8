import { backstageAnswers, signInStarts, userSignsIn } from "./checks/backstage";
import { certificateHolds } from "./checks/certificate";
import { clientExists, pkceIsRequired, redirectUriIsRight, scopesAreAttached } from "./checks/client";
import { clocksAgree } from "./checks/clock";
import { clusterAnswers } from "./checks/cluster";
import { otherDoorsAreShut } from "./checks/doors";
import { applicationIsHealthy, externalSecretIsReady } from "./checks/hybrid";
import { basePathIsRight, issuerIsRight, keycloakAnswers, realmIsEnabled } from "./checks/keycloak";
import { gatesArePassed, isRolledOut, podsAreCurrent } from "./checks/pods";
import { catalogIsAccepted, podsProveTheirs } from "./checks/proofs";
import { credentialIsAccepted, secretIsRight } from "./checks/secret";
import { catalogKeys } from "../lib/pod/contract";
import { isHybrid, secretsOf, type Context } from "./context";
import { runChecks, type Check, type Result } from "./runChecks";

interface Link {
  readonly name: string;
  readonly title: string;
  readonly needs: readonly string[];
  readonly run: (context: Context) => Promise<string>;
  /** Is there such a link in this stack? @default always */
  readonly when?: (context: Context) => boolean;
}

/** Every link, in the chain's order: what it is called, what it depends on, and how it is looked at. */
const links: readonly Link[] = [
  { name: "keycloak", title: "Keycloak answers", needs: [], run: keycloakAnswers },
  {
    name: "keycloak-certificate",
    title: "Keycloak's certificate is trusted",
    needs: ["keycloak"],
    run: ({ outputs }) => certificateHolds(outputs.keycloakUrl),
    when: ({ outputs }) => outputs.keycloakUrl.startsWith("https:"),
  },
  {
    name: "base-path",
    title: "Keycloak is under its path",
    needs: ["keycloak", "keycloak-certificate"],
    run: basePathIsRight,
  },
  { name: "realm", title: "the realm is enabled", needs: ["base-path"], run: realmIsEnabled },
  { name: "issuer", title: "the issuer is the configured one", needs: ["realm"], run: issuerIsRight },
  { name: "client", title: "Keycloak knows the client", needs: ["issuer"], run: clientExists },
  { name: "redirect-uri", title: "Keycloak takes the redirect URI", needs: ["client"], run: redirectUriIsRight },
  { name: "pkce", title: "Keycloak asks for PKCE", needs: ["redirect-uri"], run: pkceIsRequired },
  { name: "scopes", title: "the scopes are attached", needs: ["pkce"], run: scopesAreAttached },
  { name: "cluster", title: "the cluster lets us in", needs: [], run: clusterAnswers },
  {
    name: "external-secret",
    title: "the ExternalSecret is Ready",
    needs: ["cluster"],
    run: externalSecretIsReady,
    when: isHybrid,
  },
  {
    name: "secret",
    title: "the Secret holds the credential",
    needs: ["cluster", "external-secret"],
    run: secretIsRight,
  },
  {
    name: "credential",
    title: "Keycloak accepts the credential",
    needs: ["client", "secret"],
    run: credentialIsAccepted,
  },
  {
    name: "catalog",
    title: "Keycloak accepts the catalog's credential",
    needs: ["issuer", "secret"],
    run: catalogIsAccepted,
    when: ({ outputs }) => catalogKeys.clientId in outputs.credential,
  },
  {
    name: "closed-doors",
    title: "the client refuses every other way",
    needs: ["redirect-uri", "pkce", "credential"],
    run: otherDoorsAreShut,
  },
  { name: "rollout", title: "Backstage is rolled out", needs: ["cluster"], run: isRolledOut },
  { name: "gates", title: "every pod has passed its gates", needs: ["rollout"], run: gatesArePassed },
  {
    name: "pods",
    title: "every pod runs with that Secret",
    needs: ["secret", "rollout"],
    run: podsAreCurrent,
    // What Git holds cannot know the hash; there the health server takes a changed value over.
    when: (context) => !isHybrid(context),
  },
  {
    name: "proofs",
    title: "every pod's credential is accepted",
    needs: ["credential", "rollout", "pods"],
    run: podsProveTheirs,
  },
  { name: "backstage", title: "Backstage answers", needs: ["rollout"], run: backstageAnswers },
  {
    name: "backstage-certificate",
    title: "Backstage's certificate is trusted",
    needs: ["backstage"],
    run: ({ outputs }) => certificateHolds(outputs.backstageUrl),
    when: ({ outputs }) => outputs.backstageUrl.startsWith("https:"),
  },
  {
    name: "start",
    title: "Backstage starts a sign-in",
    needs: ["issuer", "backstage", "backstage-certificate"],
    run: signInStarts,
  },
  { name: "clock", title: "the clocks agree", needs: ["credential", "start"], run: clocksAgree },
  {
    name: "application",
    title: "Argo CD's Application is Synced and Healthy",
    needs: ["rollout"],
    run: (context) => applicationIsHealthy(context, context.outputs.application ?? ""),
    when: (context) => isHybrid(context) && context.outputs.application !== undefined,
  },
];

/** What a whole sign-in depends on. */
const signInNeeds = ["scopes", "credential", "pods", "start", "clock"];

/** The checks of a stack; of one link, and of those that it depends on, when `only` names it. */
export function checks(context: Context, only?: string): Check[] {
  const linkChecks = links
    .filter(({ when }) => when?.(context) ?? true)
    .map(({ name, title, needs, run }): Check => ({ name, title, needs, run: () => run(context) }));
  const signIns = (context.logins ?? []).map(({ username, password }): Check => ({
    name: "sign-in",
    title: `${username} signs in`,
    needs: signInNeeds,
    run: () => userSignsIn(context, username, password),
  }));
  const present = new Set([...linkChecks, ...signIns].map(({ name }) => name));
  const all = [...linkChecks, ...signIns].map((check) => ({
    ...check,
    needs: check.needs.filter((need) => present.has(need)),
  }));
  if (only === undefined) return all;
  const withNeeds = (name: string): string[] => [
    name,
    ...all.filter((check) => check.name === name).flatMap(({ needs }) => needs.flatMap(withNeeds)),
  ];
  const names = new Set(withNeeds(only));
  return all.filter(({ name }) => names.has(name));
}

/** Looks at every link of a stack's chain, from outside; no text of the results holds a secret. */
export async function verify(context: Context, only?: string): Promise<Result[]> {
  const secrets = secretsOf(context);
  const redacted = (text: string): string =>
    secrets.reduce((left, secret) => left.replaceAll(secret, "[secret]"), text);
  const results = await runChecks(checks(context, only));
  return results.map((result) => ({
    ...result,
    saw: redacted(result.saw),
    remedy: redacted(result.remedy),
    details: result.details.map(redacted),
  }));
}
