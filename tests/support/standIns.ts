import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Programs that only record their calls, in place of those that are unavailable on a test's machine. */
export class StandIns {
    private readonly folder: string;
    private readonly record: string;

    /** @param watched environment variables that are written down with a call, when they are set */
    constructor(
        scratch: string,
        private readonly watched: readonly string[] = [],
    ) {
        this.folder = join(scratch, "bin");
        this.record = join(scratch, "calls");
        mkdirSync(this.folder);
    }

    /** A PATH on which the stand-ins come first, and else only Node and the system's own programs. */
    get path(): string {
        return [this.folder, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter);
    }

    /**
     * @param script in sh: what it says and how it ends; `$*` are its arguments. @default nothing, and well
     */
    add(name: string, script = ""): void {
        const path = join(this.folder, name);
        const settings = this.watched.map((one) => `\${${one}:+${one}=$${one} }`).join("");
        writeFileSync(path, `#!/bin/sh\necho "${settings}${name} $*" >> '${this.record}'\n${script}\n`);
        chmodSync(path, 0o755);
    }

    remove(...names: readonly string[]): void {
        for (const name of names) rmSync(join(this.folder, name), { force: true });
    }

    /** A PATH with one stand-in alone: not even the system's own programs are there. */
    alone(name: string): string {
        const folder = join(dirname(this.folder), `only-${name}`);
        mkdirSync(folder, { recursive: true });
        copyFileSync(join(this.folder, name), join(folder, name));
        return folder;
    }

    /** The calls so far, which stay for the next look. */
    called(): string[] {
        return existsSync(this.record) ? readFileSync(this.record, "utf8").trimEnd().split("\n") : [];
    }

    /** Every call since the last look, in order: settings, program, arguments. */
    calls(): string[] {
        const lines = this.called();
        rmSync(this.record, { force: true });
        return lines;
    }
}
