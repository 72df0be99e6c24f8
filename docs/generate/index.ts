import { readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { readResults } from "../../bench/race/results";
import { rules } from "../../policy/rules";
import { componentsPage } from "./components";
import { chainPicture, modulesPicture } from "./modules";
import { outputSources, outputsPage } from "./outputs";
import { policyPage } from "./policies";
import { racePage } from "./racePage";
import { racePlot } from "./racePlot";
import { type FaultRecord, reliabilityPage } from "./reliability";
import { configurationPage } from "./settings";

const docs = path.join(__dirname, "..");
const root = path.join(docs, "..");
const page = (name: string): string => path.join(docs, name);

/** Writes the pages and pictures that are made from the code: `npm run docs`. */
async function main(): Promise<void> {
  writeFileSync(page("configuration.md"), configurationPage());
  writeFileSync(page("components.md"), componentsPage(path.join(root, "components"), path.join(root, "lib")));
  writeFileSync(page("outputs.md"), outputsPage(outputSources(root)));
  const faults = JSON.parse(readFileSync(page("reliability.json"), "utf8")) as FaultRecord[];
  writeFileSync(page("reliability.md"), reliabilityPage(readFileSync(page("reliability.md"), "utf8"), faults));
  writeFileSync(page("policy.md"), policyPage(readFileSync(page("policy.md"), "utf8"), rules));
  writeFileSync(page("race.md"), racePage(readFileSync(page("race.md"), "utf8"), readResults()));
  writeFileSync(page("race.svg"), racePlot(readResults()));
  writeFileSync(page("chain.svg"), await chainPicture(docs));
  writeFileSync(page("modules.svg"), await modulesPicture(root));
}

void main();
