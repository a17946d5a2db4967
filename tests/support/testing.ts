/**
 * What tests of a platform from elsewhere are written with: `import { … } from "plinth/testing"`. A test runs with
 * `--require` of this project's `cli/loader.cjs`.
 */
export { objectYaml } from "../../operations/render/manifests";
export { renderStack } from "../../operations/render/rendering";
export { checkAny, type CheckAnyArgs } from "./anyConfiguration";
export { brokenBy } from "./renderedRules";
