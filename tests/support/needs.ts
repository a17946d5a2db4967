import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Context } from "mocha";

/** A user of this machine; the test's own where it cannot choose. */
export interface User {
    readonly uid?: number;
    readonly gid?: number;
}

export interface Needs {
    /** Where to look first. @default none */
    readonly folders?: readonly string[];
    /** The user that the test runs it as. @default the test's own */
    readonly by?: User;
    /** Extensions of PHP. @default none */
    readonly extensions?: readonly string[];
}

/** The oldest versions that the tests have run with, by the program. */
const oldest: Readonly<Record<string, string>> = {
    aws: "2.9",
    mariadbd: "10.11",
    mysqld: "8.4",
    nginx: "1.22",
    php: "8.2",
    "php-fpm": "8.2",
    postgres: "15.0",
    "redis-server": "7.0",
    varnishd: "7.1",
};

/** Folders of daemons that are not on every user's PATH. */
const daemonFolders = ["/usr/sbin", "/usr/local/sbin"];

/**
 * Path of an installed program that can do what the test needs. Without it the test is skipped with one line that says
 * what is missing; where skipping is forbidden (PLINTH_NO_SKIP=1, as in CI) it fails.
 *
 * @param name `php-fpm`: the one of the newest series
 */
export function program(test: Context, name: string, needs: Needs = {}): string {
    const found = examine(name, needs);
    return found.path ?? missing(test, found.lacks);
}

/** As `program`, for a service that not every machine can have, in CI neither. */
export function optional(test: Context, name: string, needs: Needs = {}): string {
    const found = examine(name, needs);
    if (found.path) return found.path;
    console.log(`      skipped: ${found.lacks}`);
    return test.skip();
}

export const findProgram = (name: string, needs: Needs = {}): string | undefined => examine(name, needs).path;

/**
 * Version of an installed program, as the titles of tests tell it.
 *
 * @param parts how many numbers name a series. @default 2
 * @returns `?` where it is not installed
 */
export function seriesOf(name: string, parts = 2): string {
    const path = findProgram(name);
    const version = path && numbers.exec(versionTold(path))?.[0];
    return version ? version.split(".").slice(0, parts).join(".") : "?";
}

/** The system with the newest services, or this machine's own: tests/roots. */
export const newest = process.env["PLINTH_ROOTS"]?.includes("sid") ? "/usr/lib/plinth/sid" : "/";

/** The server of caches: Valkey, where this machine has it. Tests ask for its `-server` and its `-cli`. */
export const cacheEngine = (): "valkey" | "redis" => (findProgram("valkey-server") ? "valkey" : "redis");

/** Skips the test with one line; fails where skipping is forbidden. */
export function missing(test: Context, reason: string): never {
    if (process.env["PLINTH_NO_SKIP"] === "1") throw new Error(`${reason}, and skipping is not allowed here`);
    console.log(`      skipped: ${reason}`);
    return test.skip();
}

/** The PATH without what npm puts in front while it runs a script: launchers of packages that may not work here. */
export const userPath = (): string =>
    (process.env["PATH"] ?? "")
        .split(delimiter)
        .filter((folder) => !folder.endsWith(join("node_modules", ".bin")))
        .join(delimiter);

type Found =
    { readonly path: string; readonly lacks?: undefined } | { readonly path?: undefined; readonly lacks: string };

/** Finds the first that fits, or says what the last one lacks. */
function examine(name: string, needs: Needs): Found {
    let lacks = `${name} is not installed`;
    for (const path of candidates(name, needs.folders ?? [])) {
        const lack = lackOf(name, path, needs);
        if (!lack) return { path };
        lacks = lack;
    }
    return { lacks };
}

function lackOf(name: string, path: string, { by = {}, extensions = [] }: Needs): string | undefined {
    // Below a home folder, as a rule.
    if (by.uid !== undefined && spawnSync("/usr/bin/test", ["-x", path], by).status !== 0)
        return `${path} cannot be run by user ${by.uid}`;
    const least = oldest[name];
    const told = least && versionTold(path);
    if (told && name === "mysqld" && told.includes("MariaDB")) return `${path} is a server of MariaDB`;
    const version = told && numbers.exec(told)?.[0];
    if (version && isOlder(version, least)) return `${path} is ${version}, and the tests need ${least}`;
    if (extensions.length === 0) return undefined;
    const has = spawnSync(path, ["-m"], { encoding: "utf8" }).stdout.toLowerCase().split("\n");
    const lacking = extensions.filter((extension) => !has.includes(extension));
    return lacking.length > 0 ? `${path} has no ${lacking.join(", ")}` : undefined;
}

function candidates(name: string, folders: readonly string[]): string[] {
    const all = [...folders, ...userPath().split(delimiter), ...daemonFolders, ...postgresFolders()];
    const series = (file: string) => Number(file.replace(/\D/g, ""));
    const names = (folder: string) =>
        name === "php-fpm" && existsSync(folder)
            ? readdirSync(folder)
                  .filter((file) => /^php-fpm[\d.]*$/.test(file))
                  .sort((a, b) => series(b) - series(a))
            : [name];
    return all
        .flatMap((folder) => names(folder).map((file) => join(folder, file)))
        .filter((path) => {
            try {
                accessSync(path, constants.X_OK);
                return true;
            } catch {
                return false;
            }
        });
}

/** Debian's, the newest first. */
function postgresFolders(): string[] {
    const folder = "/usr/lib/postgresql";
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(folder, version, "bin"));
}

const numbers = /\d+\.\d+(\.\d+)?/;

function versionTold(path: string): string {
    // Each has its own option, and some tell it on the standard error.
    for (const option of ["--version", "-v", "-V"]) {
        const { status, stdout, stderr } = spawnSync(path, [option], { encoding: "utf8", timeout: 10_000 });
        if (status === 0 && numbers.test(stdout + stderr)) return stdout + stderr;
    }
    return "";
}

function isOlder(version: string, least: string): boolean {
    const [a, b] = [version, least].map((one) => one.split(".").map(Number));
    return a![0] !== b![0] ? a![0]! < b![0]! : a![1]! < b![1]!;
}
