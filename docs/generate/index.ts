import { readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { racePage } from "../../bench/race/page";
import { racePlot } from "../../bench/race/plot";
import { readResults } from "../../bench/race/results";
import { configurationPage } from "./settings";
import { policyPage } from "./policies";
import { rules } from "../../policy/rules";
import { componentsPage } from "./components";
import { type FaultRecord, reliabilityPage } from "./reliability";

const page = (name: string): string => path.join(__dirname, "..", name);

/** Writes the pages that are made from the code: `npm run docs`. */
writeFileSync(page("configuration.md"), configurationPage());
writeFileSync(page("components.md"), componentsPage(path.join(__dirname, "..", "..", "components")));
const faults = JSON.parse(readFileSync(page("reliability.json"), "utf8")) as FaultRecord[];
writeFileSync(page("reliability.md"), reliabilityPage(readFileSync(page("reliability.md"), "utf8"), faults));
writeFileSync(page("policy.md"), policyPage(readFileSync(page("policy.md"), "utf8"), rules));
writeFileSync(page("race.md"), racePage(readFileSync(page("race.md"), "utf8"), readResults()));
writeFileSync(page("race.svg"), racePlot(readResults()));
