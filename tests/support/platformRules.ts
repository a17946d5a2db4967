export { brokenRules } from "./invariants";
