// The process that holds a pod's namespaces open.
module backstage-keycloak/sandbox/pause

go 1.26

tool backstage-keycloak/sandbox/pause
