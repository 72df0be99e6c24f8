import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config";
import { decided, lacksTime, stepFault, timeIsMissing, wantsOverlap, type LastRotation } from "../lib/rotation";

/** Is Keycloak's feature active that keeps an old secret valid? Undefined when it does not tell this administrator. */
async function featureIsActive({ keycloak }: Pick<Settings, "keycloak">, accessToken: string): Promise<boolean | undefined> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const response = await fetch(`${keycloak.url}/admin/serverinfo`, { headers, signal: AbortSignal.timeout(30_000) });
  const { features } = (await response.json().catch(() => ({}))) as { features?: { name: string; enabled: boolean }[] };
  return features?.some(({ name, enabled }) => name === "CLIENT_SECRET_ROTATION" && enabled);
}

/**
 * The rotation as it will be done, by a strategy that Keycloak can. Throws one sentence when it cannot be done without an
 * outage that nobody chose; says what a rotation by `replace` means.
 */
export async function safeRotation(settings: Settings, last: LastRotation | undefined, accessToken: string): Promise<Settings["rotation"]> {
  const active = wantsOverlap(settings.rotation) ? await featureIsActive(settings, accessToken) : undefined;
  const rotation = decided(settings.rotation, active ?? last?.strategy === "overlap");
  const fault = lacksTime(rotation) ? timeIsMissing : stepFault(rotation, last, settings.backstage.rolloutSeconds, Date.now() / 1000);
  if (fault !== undefined) throw new pulumi.RunError(`config: ${fault}`);
  if (rotation.strategy === "overlap") {
    if (active === false) {
      throw new pulumi.RunError(
        `config: rotation.strategy is overlap, and ${settings.keycloak.url} runs without the feature client-secret-rotation; start Keycloak with --features=client-secret-rotation, or set it to blue-green.`,
      );
    }
    if (active === undefined) await pulumi.log.warn("Keycloak does not tell this client of its features: whether an old secret stays valid is known only after the rotation.");
  }
  if (rotation.strategy === "replace" && last !== undefined && rotation.generation > last.generation) {
    await pulumi.log.warn("rotation by replace: sign-in is refused from the moment that Keycloak has the new secret until the rollout is over; rotation.strategy overlap or blue-green avoids that.");
  }
  if (rotation.step !== undefined) {
    const next = rotation.step === "prepare" ? "set rotation.step to switch, and people sign in by the new client" : "remove rotation.step, and the old client goes away";
    await pulumi.log.info(`rotation by blue-green: with this run every pod knows both clients; then ${next}.`);
  }
  return rotation;
}
