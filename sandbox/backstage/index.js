// Backstage listens for a stop only once it has loaded, and process 1 of a container ignores one until then.
const stopEarly = () => process.exit(143);
process.on("SIGTERM", stopEarly);

const { createBackend } = require("@backstage/backend-defaults");

const backend = createBackend();
backend.add(import("@backstage/plugin-auth-backend"));
backend.add(import("@backstage/plugin-auth-backend-module-oidc-provider"));
backend.add(import("@backstage/plugin-catalog-backend"));
// Reads nothing unless `catalog.providers.keycloakOrg` is configured.
backend.add(import("@backstage-community/plugin-catalog-backend-module-keycloak"));
backend.start().then(
  () => process.off("SIGTERM", stopEarly),
  (error) => {
    // Backstage would log the rejection and live on, never ready.
    console.error(String(error));
    process.exit(1);
  },
);
