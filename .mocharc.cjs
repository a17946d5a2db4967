"use strict";

module.exports = {
    require: ["./tests/roots/enter.cjs", "./cli/loader.cjs", "./tests/support/retried.ts"],
    timeout: 20_000,
    parallel: true,
    jobs: 4,
    forbidOnly: true,
    // Where the whole suite runs at once, unattended, daemons of four tests share the processors. What passes only then
    // is named, to be mended.
    retries: process.env.PLINTH_NO_SKIP ? 1 : 0,
};
