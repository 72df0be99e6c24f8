import type { Context } from "../context";
import { CannotLook } from "../runChecks";

/** What the API server says, in words. */

/**
 * A question to the API server; undefined when the object is not there.
 * @param right what the question needs, such as `get secrets`
 * @param namespace where
 */
export async function askCluster<T>(
  { outputs, cluster }: Context,
  right: string,
  question: Promise<T>,
  namespace = outputs.namespace,
): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    const { code, message } = error as { code?: number | string; message: string };
    if (code === 404) return undefined;
    if (code === 403)
      throw new CannotLook(
        `the kubeconfig's user may not ${right} in namespace ${namespace}`,
        "ask for a Role that allows it, docs/operations.md shows one",
      );
    if (code === 401)
      throw new CannotLook(
        `the API server ${cluster.server} does not know the kubeconfig's user`,
        "sign in to the cluster anew",
      );
    throw new CannotLook(
      `the API server ${cluster.server} cannot be reached (${code ?? message})`,
      "start the cluster, or choose another context",
    );
  }
}

/**
 * Does the cluster let us in, and is it the one with this stack's namespace? Where nobody may see namespaces, the next
 * checks tell.
 */
export async function clusterAnswers(context: Context): Promise<string> {
  const {
    cluster,
    outputs: { namespace },
  } = context;
  const forbidden = (error: unknown): true => {
    if ((error as { code?: number }).code === 403) return true;
    throw error;
  };
  const found = await askCluster(
    context,
    "get namespaces",
    cluster.core.readNamespace({ name: namespace }).catch(forbidden),
  );
  if (found === undefined) {
    throw new CannotLook(
      `the cluster ${cluster.server} has no namespace ${namespace}`,
      "choose this stack's cluster by KUBECONFIG, or run pulumi up --refresh",
    );
  }
  return cluster.server;
}
