import { startPlatform, type Platform } from "../sandbox/platform";
import { Stack } from "../sandbox/stack";

/** A bench's own stack on the platform, with a realm, a namespace and a port of its own; nothing of it is up yet. */
export async function benchStack(
  name: string,
  nodePort: number,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly stack: Stack; readonly running: Platform }> {
  const running = await startPlatform();
  const stack = new Stack(name, running);
  const url = `http://${running.nodeAddress}:${nodePort}`;
  await stack.configure({ ...settings, realm: { name }, backstage: { namespace: name, nodePort, url } });
  return { stack, running };
}
