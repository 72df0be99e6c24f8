// What a pod's health is, from what is known of it: no clock, file or network of its own.

/**
 * @typedef {object} State times in seconds, of any one clock
 * @property {number} since when Backstage began to start; with its turn, where it had to wait for one
 * @property {boolean} waits does it wait for another Backstage to start?
 * @property {boolean} wasReady has Backstage been ready in this process?
 * @property {boolean} isReady is it now?
 * @property {number} answered when Backstage last answered
 * @property {boolean} proven has a sign-in been proven in this process?
 * @property {string} fault why not
 * @property {string | undefined} restart why only a restart can prove one
 * @property {string | undefined} takeover why a restart is due although Backstage is well
 */

/** In seconds: how long a Backstage that has been ready may be silent. */
export const SILENCE = 60;

/**
 * Why the pod must not be sent requests; undefined when it may. A proof is made once: whoever is signed in goes on
 * working while Keycloak is down.
 * @param {State} state
 */
export function readyFault({ waits, wasReady, isReady, proven, fault, takeover }) {
  if (takeover !== undefined) return takeover;
  if (waits) return "another Backstage is starting on the same database; this one waits for it";
  if (!isReady) return wasReady ? "Backstage says that it is not ready" : "Backstage is still starting";
  return proven ? undefined : fault;
}

/**
 * Why a restart heals the pod; undefined while it would not. A start is judged by nothing but its time, which begins
 * when it is its turn; only what has been ready is judged by its answers and by a sign-in.
 * @param {State} state
 * @param {number} now
 * @param {number} startSeconds
 */
export function liveFault({ since, waits, wasReady, answered, restart, takeover }, now, startSeconds) {
  if (takeover !== undefined) return takeover;
  if (waits) return undefined;
  if (!wasReady)
    return now - since > startSeconds
      ? `Backstage was not ready in ${startSeconds} s: look at its log, or raise backstage.startSeconds`
      : undefined;
  if (now - answered > SILENCE) return `Backstage has not answered for ${SILENCE} s`;
  return restart;
}

/**
 * What to do about groups of values that differ, each by what the proof says of the mounted ones and of those in use.
 * Only what is proven right in every group is taken over: a restart takes over all of it.
 * @param {readonly { mounted: string, inUse: string }[]} verdicts
 * @returns {"not proven" | "wait" | "unsure" | "go"} `wait`: what is in use still works everywhere; `unsure`: nobody
 * says that it does not
 */
export function takeoverOf(verdicts) {
  if (!verdicts.every(({ mounted }) => mounted === "accepted")) return "not proven";
  if (verdicts.some(({ inUse }) => inUse === "refused")) return "go";
  return verdicts.every(({ inUse }) => inUse === "accepted") ? "wait" : "unsure";
}
