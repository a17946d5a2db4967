/**
 * What tests of a platform from elsewhere are written with: `import { … } from "plinth/testing"`. A test runs
 * with `npx mocha` in this project's folder, or with `--require` of its `cli/loader.cjs`.
 */
export { objectYaml } from "../../operations/render/manifests";
export { renderStack } from "../../operations/render/rendering";
export { checkAny, type CheckAnyArgs } from "./anyConfiguration";
export { brokenBy } from "./renderedRules";
