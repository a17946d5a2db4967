/** Required by Mocha: names the tests that have passed only when they were tried again. */
export const mochaHooks = {
    afterEach(this: Mocha.Context): void {
        const test = this.currentTest!;
        // Mocha's types keep it to Mocha.
        if (test.isPassed() && test["currentRetry"]() > 0)
            console.log(`      passed when tried again: ${test.fullTitle()}`);
    },
};
