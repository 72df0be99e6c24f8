import * as pulumi from "@pulumi/pulumi";
import program from "../../../index";
import { variants } from "../variants";

/** The real program, with the variant that VARIANT names. */
const broken = variants[process.env.VARIANT ?? ""];
if (broken === undefined) throw new pulumi.RunError("VARIANT names no variant.");

pulumi.runtime.registerStackTransformation(({ type, name, props, opts }) => {
  if (type !== broken.type || name !== broken.name) return undefined;
  broken.change(props, opts);
  return { props, opts };
});

export = program;
