import { digestFault, imageFault } from "../../lib/pod/images";
import { allContainers, hasPods, podSpec } from "../kubernetes";
import { valueAt, text, unknown } from "../values";
import { resourceRule } from "../rule";

export const pinnedImage = resourceRule<{ allowTags: boolean }>({
  name: "pinned-image",
  description: "Images must be named by their digest, and never as latest.",
  severity: "high",
  remediation: "Write name@sha256:..., as the registry shows it for the image that was tested: a tag can be moved.",
  url: "https://kubernetes.io/docs/concepts/containers/images/",
  config: {
    allowTags: {
      type: "boolean",
      default: false,
      description: "Tags other than latest will do, for a development environment.",
    },
  },
  concerns: hasPods,
  faults: ({ type, props }, { allowTags }) =>
    allContainers(podSpec(type, props)).flatMap(({ path, item }) => {
      const image = valueAt(item, "image");
      if (image === unknown) return [];
      const fault = (allowTags ? imageFault : digestFault)(text(image) ?? "");
      return fault === undefined ? [] : [`${path}.image ${fault}`];
    }),
});
