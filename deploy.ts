import type { Settings } from "./config";
import type { Made, Outputs } from "./lib/outputs";
import { preflight } from "./preflight";
import { outputsOf } from "./program/outputs";
import { program } from "./program/platform";
import { providers, type Parent } from "./program/providers";

/**
 * The phases in their order: asks the servers, makes everything, tells what came of it.
 * @param parent the component, where this is one of somebody else's program
 */
export async function deploy(loaded: Settings, parent: Parent = {}): Promise<Made<Outputs>> {
  const settings = await preflight(loaded, parent.parent !== undefined);
  return outputsOf(settings, program(settings, providers(loaded, parent)));
}
