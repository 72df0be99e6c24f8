import assert from "node:assert/strict";
import { waitFor } from "../../sandbox/process";
import { story, TestStack } from "../e2e/harness";
import { record } from "./records";
import { firstBroken, secondsSince } from "./told";

interface Fault {
  readonly what: string;
  readonly happens: () => Promise<unknown>;
  /** What verify says. */
  readonly told: RegExp;
  /** Do sign-ins go on? */
  readonly signsIn: boolean;
}

describe("what is done to the cluster by hand is put right by pulumi up --refresh:", function () {
  this.timeout("6m");
  story();
  let own: TestStack;
  let namespace = "";
  before(async () => {
    own = await TestStack.create("by-hand", 24);
    ({ namespace } = own);
    await own.up();
  });
  after(() => own.remove());

  /** Makes Backstage's next pods end at their start. */
  const crash = (): Promise<boolean> =>
    waitFor("the change of the Deployment", 20, async () => {
      const deployment = await own.cluster.apps.readNamespacedDeployment({ namespace, name: "backstage" });
      for (const container of deployment.spec?.template.spec?.containers ?? [])
        container.command = ["node", "-e", "process.exit(3)", "--"];
      await own.cluster.apps.replaceNamespacedDeployment({ namespace, name: "backstage", body: deployment });
      return true;
    });

  const faults: Fault[] = [
    {
      what: "The Secret is deleted",
      happens: async () => own.cluster.core.deleteNamespacedSecret({ namespace, name: "backstage-env-vars" }),
      told: /Secret \S+ is missing/,
      signsIn: true,
    },
    {
      what: "The ConfigMap of the app-config is deleted, and the pod after it",
      happens: async () => {
        await own.cluster.core.deleteNamespacedConfigMap({ namespace, name: "backstage-app-config" });
        await own.cluster.core.deleteCollectionNamespacedPod({ namespace });
      },
      told: /rolled out: .*pod/,
      signsIn: false,
    },
    {
      what: "The Deployment is deleted",
      happens: async () => own.cluster.apps.deleteNamespacedDeployment({ namespace, name: "backstage" }),
      told: /Deployment \S+ is missing/,
      signsIn: false,
    },
    {
      what: "Backstage is changed so that it crashes at its start",
      happens: crash,
      told: /last exit code 3/,
      signsIn: true,
    },
    {
      what: "The namespace is deleted",
      happens: async () => {
        await own.cluster.core.deleteNamespace({ name: namespace });
        await waitFor("the end of the namespace", 120, () =>
          own.cluster.core.readNamespace({ name: namespace }).then(
            () => undefined,
            (error: unknown) => ((error as { code?: number }).code === 404 ? true : undefined),
          ),
        );
      },
      told: /namespace|missing/i,
      signsIn: false,
    },
  ];
  for (const { what, happens, told, signsIn } of faults) {
    it(what, async () => {
      await happens();
      const said = await waitFor("what verify says", 90, async () => {
        const broken = await firstBroken(own);
        return told.test(broken) ? broken : Promise.reject(new Error(broken));
      });
      if (signsIn) await own.mustSignIn();
      const began = performance.now();
      await own.up("--refresh");
      await own.mustHold();
      const seconds = secondsSince(began);
      const { code, stdout } = await own.stack.preview("--expect-no-changes");
      assert.equal(code, 0, stdout);
      record({
        fault: what,
        told: said,
        kept: `every link of the chain, a sign-in${signsIn ? " before and after" : ""}`,
        heals: "pulumi up --refresh",
        seconds,
      });
    });
  }
});
