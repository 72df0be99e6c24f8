import "./lib/runtime/stackTraces";
import "./lib/runtime/oldestNode";
import { loadConfig } from "./config";
import { deploy } from "./deploy";

/**
 * `pulumi up`: the settings of the stack (config.ts), then the phases (deploy.ts): preflight/ asks the servers and
 * decides, program/ makes everything out of components/, and its outputs.ts tells what came of it.
 */
export = async () => deploy(loadConfig());
