import type { types } from "@pulumi/kubernetes";

/** What the program's pods have in common. */

export type Container = types.input.core.v1.Container;
export type EnvVar = types.input.core.v1.EnvVar;
export type Volume = types.input.core.v1.Volume;
export type VolumeMount = types.input.core.v1.VolumeMount;

/** What something that a pod uses adds to it. */
export interface PodParts {
  readonly env: EnvVar[];
  readonly volumes: Volume[];
  readonly mounts: VolumeMount[];
}

/** The restricted Pod Security Standard, and a root file system that nobody writes to. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** The pod's side of it. @param id the uid and gid that the image runs as */
export function podSecurity(id: number) {
  return {
    runAsNonRoot: true,
    runAsUser: id,
    runAsGroup: id,
    fsGroup: id,
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** An environment variable from a key of a Secret. */
export const fromSecret = (variable: string, secret: types.input.core.v1.SecretKeySelector["name"], key: string): EnvVar => ({
  name: variable,
  valueFrom: { secretKeyRef: { name: secret, key } },
});
