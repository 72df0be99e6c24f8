import * as os from "node:os";
import * as path from "node:path";

/** The kubeconfig of whoever runs this: the first of KUBECONFIG, else ~/.kube/config, be it there or not. */
export function ambientKubeconfig(): string {
  const named = process.env.KUBECONFIG?.split(path.delimiter).find((file) => file !== "");
  return named ?? path.join(os.homedir(), ".kube", "config");
}
