import type { Rule } from "../rule";
import { availability } from "./availability";
import { chainOrder } from "./chainOrder";
import { clientConfidential } from "./clientConfidential";
import { clientExplicitFlags } from "./clientExplicitFlags";
import { clientFlows } from "./clientFlows";
import { clientFullScope } from "./clientFullScope";
import { clientPkce } from "./clientPkce";
import { clientRedirectUris } from "./clientRedirectUris";
import { clientWebOrigins } from "./clientWebOrigins";
import { containerResources } from "./containerResources";
import { externalSecrets } from "./externalSecrets";
import { gates } from "./gates";
import { hardenedPod } from "./hardenedPod";
import { keycloakAdmin } from "./keycloakAdmin";
import { networkPolicy } from "./networkPolicy";
import { noLiteralSecret } from "./noLiteralSecret";
import { noRenderedSecret } from "./noRenderedSecret";
import { noSkipAwait } from "./noSkipAwait";
import { pinnedImage } from "./pinnedImage";
import { probes } from "./probes";
import { production } from "./production";
import { realmSecurity } from "./realmSecurity";
import { secretAccess } from "./secretAccess";
import { signInConfig } from "./signInConfig";
import { syncWaves } from "./syncWaves";
import { templateHashes } from "./templateHashes";

/** Every rule of the pack, in the order of docs/policy.md. */
export const rules: readonly Rule[] = [
  chainOrder,
  gates,
  templateHashes,
  noSkipAwait,
  syncWaves,
  externalSecrets,
  noRenderedSecret,
  clientConfidential,
  clientRedirectUris,
  clientPkce,
  clientFlows,
  clientWebOrigins,
  clientFullScope,
  clientExplicitFlags,
  realmSecurity,
  keycloakAdmin,
  production,
  signInConfig,
  noLiteralSecret,
  probes,
  containerResources,
  hardenedPod,
  pinnedImage,
  availability,
  secretAccess,
  networkPolicy,
];
