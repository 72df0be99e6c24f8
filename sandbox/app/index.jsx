import { OAuth2 } from "@backstage/core-app-api";
import { InfoCard, SignInPage, StructuredMetadataTable } from "@backstage/core-components";
import { createApp } from "@backstage/frontend-defaults";
import {
  ApiBlueprint,
  PageBlueprint,
  configApiRef,
  createApiRef,
  createFrontendModule,
  createFrontendPlugin,
  discoveryApiRef,
  identityApiRef,
  oauthRequestApiRef,
  useApi,
} from "@backstage/frontend-plugin-api";
import { SignInPageBlueprint } from "@backstage/plugin-app-react";
import { Button } from "@backstage/ui";
import "@backstage/ui/css/styles.css";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

// As Backstage's guide to OIDC has it: the app brings the client of the provider along, Backstage has none of its own.
const oidcApiRef = createApiRef({ id: "auth.oidc" });
const oidcApi = ApiBlueprint.make({
  name: "oidc",
  params: (defineParams) =>
    defineParams({
      api: oidcApiRef,
      deps: { configApi: configApiRef, discoveryApi: discoveryApiRef, oauthRequestApi: oauthRequestApiRef },
      factory: (apis) =>
        OAuth2.create({
          ...apis,
          provider: { id: "oidc", title: "Keycloak", icon: () => null },
          environment: apis.configApi.getString("auth.environment"),
        }),
    }),
});

const provider = { id: "oidc", title: "Keycloak", message: "Sign in with Keycloak", apiRef: oidcApiRef };
const signInPage = SignInPageBlueprint.make({
  params: { loader: async () => (props) => <SignInPage {...props} provider={provider} /> },
});

/** Who is signed in, as every plugin of Backstage learns it. */
function Profile() {
  const identity = useApi(identityApiRef);
  const [who, setWho] = useState({});
  useEffect(() => {
    void Promise.all([identity.getProfileInfo(), identity.getBackstageIdentity()]).then(
      ([{ displayName, email }, { userEntityRef }]) => setWho({ name: displayName, email, identity: userEntityRef }),
    );
  }, [identity]);
  return (
    <InfoCard title="You are signed in">
      <StructuredMetadataTable metadata={who} />
      <Button onPress={() => identity.signOut()}>Sign out</Button>
    </InfoCard>
  );
}
const profilePage = PageBlueprint.make({ params: { path: "/", title: "Profile", loader: async () => <Profile /> } });

const app = createApp({
  features: [
    createFrontendModule({ pluginId: "app", extensions: [oidcApi, signInPage] }),
    createFrontendPlugin({ pluginId: "profile", extensions: [profilePage] }),
  ],
});
createRoot(document.getElementById("root")).render(app.createRoot());
