#!/usr/bin/env node
// Entry for npx and for systems without sh: translates the sources as they are loaded.
require("./loader.cjs");
require("./main.ts");
