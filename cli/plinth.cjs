#!/usr/bin/env node
// Entry for npx and for systems without sh: translates the sources as they are loaded.
require("./translate.cjs");
require("./main.ts");
