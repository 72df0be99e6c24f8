import { type Claim, placeOf } from "./claims";

/** Whose a Kubernetes object is that is there before a run, without Pulumi. What is somebody else's stays theirs. */

/**
 * The annotation of every Kubernetes object that a stack makes. A namespace in Git bears none: Git cannot know whose it
 * was.
 */
const STACK = "backstage-keycloak/stack";

export const stackMark = (stack: string): Record<string, string> => ({ [STACK]: stack });

/**
 * An object as the API server has it: its annotations and whether it is going, that it is not there, or why nobody
 * knows.
 */
export type Seen =
  | { readonly annotations: Readonly<Record<string, string>>; readonly isGoing?: boolean }
  | "missing"
  | { readonly unknown: string };

/** A namespace of somebody else's is used as it is; anything else of theirs is in the way, as a sentence. */
export type Verdict = "ours" | "theirs" | { readonly fault: string };

export function ownerOf(claim: Claim, seen: Seen, stack: string): Verdict {
  if (seen === "missing") return "ours";
  const place = placeOf(claim);
  if ("unknown" in seen)
    return {
      fault: `whether there is a ${place} already cannot be read (${seen.unknown}); give the kubeconfig the right to get it, or try again.`,
    };
  if (seen.isGoing === true) return { fault: `${place} is being deleted; wait until it is gone, and run this again.` };
  const mark = seen.annotations[STACK];
  if (mark === stack) return "ours";
  if (claim.kind === "Namespace") return "theirs";
  const whose = mark === undefined ? "not of this stack" : `of stack ${mark}`;
  return {
    fault:
      `${place} is there already, and ${whose}; delete it, choose another ${claim.setting}, or annotate it ` +
      `with ${STACK}=${stack} to have it taken over.`,
  };
}

/**
 * What one run would make and, by another of Pulumi's names for it, delete again in the end; a sentence each.
 * @param urns of each object that the state has, by its place
 */
export function moveFaults(claims: readonly Claim[], urns: ReadonlyMap<string, string>): string[] {
  return claims.flatMap((claim) => {
    const had = urns.get(placeOf(claim));
    if (had === undefined || claim.urn === undefined || had.endsWith(`::${claim.urn}`)) return [];
    return [
      `${claim.setting} is ${placeOf(claim)}, which this stack has made already by another setting, or of ` +
        "another kind; run pulumi up without it first, and then with it.",
    ];
  });
}

/**
 * Namespaces that a run would end with deleting, and Pulumi would refuse to, a sentence each.
 * @param retained that Argo CD takes over
 */
export function droppedFaults(
  claims: readonly Claim[],
  urns: ReadonlyMap<string, string>,
  retained: (urn: string) => boolean,
): string[] {
  const wanted = claims.map(placeOf);
  const dropped = [...urns].filter(
    ([place, urn]) => place.startsWith("Namespace ") && !wanted.includes(place) && !retained(urn),
  );
  return dropped.map(
    ([place]) =>
      `namespaces.protect keeps ${place} from being deleted with all that is in it, which this stack has ` +
      "made and the settings no longer name; set them back, or set namespaces.protect to false, run pulumi up, and then change them.",
  );
}
