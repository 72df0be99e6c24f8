import { writeFileSync } from "node:fs";
import * as path from "node:path";
import { configurationPage } from "../lib/settings/reference";

/** Writes the pages that are made from the code: `npm run docs`. */
writeFileSync(path.join(__dirname, "configuration.md"), configurationPage());
