import { RunError } from "@pulumi/pulumi";
import { nodeFault } from "./run.cjs";

/** Says so where this Node is too old, before a package fails on it. Imported first, for its effect. */
const fault = nodeFault(process.versions.node);
if (fault !== undefined) throw new RunError(fault);
