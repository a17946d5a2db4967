// Required by Mocha: the tests run again, with the images' own versions in /usr, where `roots make` has made them.
"use strict";

const { spawnSync } = require("node:child_process");
const { join } = require("node:path");

if (process.env["PLINTH_ROOTS"] === undefined && process.getuid?.() === 0) {
    const tests = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    const { status } = spawnSync(join(__dirname, "roots"), ["enter", ...tests], { stdio: "inherit" });
    process.exit(status ?? 1);
}
