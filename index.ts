import "./lib/runtime/stackTraces";
import "./lib/runtime/oldestNode";
import { loadConfig } from "./config";
import { deploy } from "./deploy";

export = async () => deploy(loadConfig());
