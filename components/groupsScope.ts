import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import { type Adoption, keyOf, mapperKey } from "../lib/keycloak/adoption";
import { groupsMapper, groupsScope } from "../lib/keycloak/clients";
import { mapperName } from "../lib/resourceNames";
import { adoption } from "./support/importOptions";
import type { Realm } from "./realm";

export interface GroupsScopeArgs {
  /** The realm that the scope belongs to. */
  readonly realm: Realm;
  /** What is taken over. @default nothing */
  readonly adopted?: Adoption;
}

/** The client scope that puts the names of a user's groups into the claim `groups`. */
export class GroupsScope extends pulumi.ComponentResource {
  /** The scope's name, known only once it exists. */
  readonly scopeName: pulumi.Output<string>;
  /** What a client with this scope depends on: without the mapper the claim is missing. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: GroupsScopeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:GroupsScope", name, {}, opts);
    const { realmId } = args.realm;
    const key = keyOf("client scope", groupsScope);
    const inputs = {
      realmId,
      name: groupsScope,
      description: "The names of the user's groups.",
      includeInTokenScope: true,
    };
    const scope = new keycloak.openid.ClientScope(name, inputs, {
      parent: this,
      dependsOn: args.realm.ready,
      ...adoption(this, args.adopted, key, inputs),
    });
    const claim = {
      realmId,
      clientScopeId: scope.id,
      name: groupsMapper,
      claimName: "groups",
      // `team-a`, not `/team-a`: what applications compare with.
      fullPath: false,
      addToIdToken: true,
      addToAccessToken: true,
      addToUserinfo: true,
    };
    const mapper = new keycloak.openid.GroupMembershipProtocolMapper(
      mapperName("client scope", name, groupsMapper),
      claim,
      {
        parent: this,
        dependsOn: [scope],
        ...adoption(this, args.adopted, mapperKey(key, groupsMapper), claim),
      },
    );
    this.scopeName = scope.name;
    this.ready = [scope, mapper];
    this.registerOutputs({ scopeName: this.scopeName });
  }
}
