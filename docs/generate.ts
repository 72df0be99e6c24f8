import { writeFileSync } from "node:fs";
import * as path from "node:path";
import { configurationPage } from "../lib/settings/reference";
import { componentsPage } from "./components";

/** Writes the pages that are made from the code: `npm run docs`. */
writeFileSync(path.join(__dirname, "configuration.md"), configurationPage());
writeFileSync(path.join(__dirname, "components.md"), componentsPage(path.join(__dirname, "..", "components")));
