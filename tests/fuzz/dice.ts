import fc from "fast-check";

/** Choices that follow from a seed alone. */
export class Dice {
    /** @param state a whole number */
    constructor(private state: number) {}

    /** A whole number from 0 up to, not including, `count`. The generator is mulberry32. */
    below(count: number): number {
        this.state = (this.state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
    }

    /** True as often as the share says, from 0 to 1. */
    chance(share: number): boolean {
        return this.below(1_000_000) < share * 1_000_000;
    }

    among<T>(choices: readonly T[]): T {
        if (choices.length === 0) throw new RangeError("there is nothing to choose from");
        return choices[this.below(choices.length)]!;
    }

    of<T>(arbitrary: fc.Arbitrary<T>): T {
        return fc.sample(arbitrary, { seed: this.below(2 ** 31), numRuns: 1 })[0]!;
    }
}
