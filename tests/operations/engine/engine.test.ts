import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { chooseBackend, locksOf } from "../../../operations/engine/engine";
import { changeEnvironment } from "../../support/environment";

/** Runs with some environment variables set or unset. */
function withEnvironment<T>(changes: Record<string, string | undefined>, work: () => T): T {
    const restore = changeEnvironment(changes);
    try {
        return work();
    } finally {
        restore();
    }
}

describe("the place of a stack's state", () => {
    let home: string;
    beforeEach(() => {
        home = mkdtempSync(join(tmpdir(), "plinth-backend-"));
    });
    afterEach(() => rmSync(home, { recursive: true }));
    const choose = (stack: string, changes: Record<string, string | undefined> = {}) =>
        withEnvironment({ PULUMI_HOME: home, PULUMI_BACKEND_URL: undefined, ...changes }, () => chooseBackend(stack));
    const login = (current: string) => writeFileSync(join(home, "credentials.json"), JSON.stringify({ current }));

    it("is set by the environment first", () => {
        login("s3://team");
        expect(choose("production", { PULUMI_BACKEND_URL: "file:///mnt/state" }).url).to.equal("file:///mnt/state");
    });
    it("is the current login", () => {
        login("s3://team");
        expect(choose("production").url).to.equal("s3://team");
        expect(choose("dev").url).to.equal("s3://team");
    });
    it("is never silently this machine, except for dev", () => {
        expect(() => choose("production")).to.throw(
            'The state of "production" must be stored where your team can share it, but no backend is logged in',
        );
        login("file://~");
        expect(() => choose("production")).to.throw("the current login is file://~, on this machine");
        expect(choose("dev").url).to.equal("file://~");
    });
});

describe("locks of a folder backend", () => {
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "plinth-locks-"));
        mkdirSync(join(folder, ".pulumi/locks/organization/plinth/dev"), { recursive: true });
    });
    afterEach(() => rmSync(folder, { recursive: true }));
    const lock = (file: string, content: object) =>
        writeFileSync(join(folder, ".pulumi/locks/organization/plinth/dev", file), JSON.stringify(content));
    const locks = () => locksOf({ url: `file://${folder}`, env: {} }, "plinth", "dev");

    it("are found", () => {
        expect(locks()).to.deep.equal([]);
        expect(locksOf({ url: `file://${folder}`, env: {} }, "plinth", "staging")).to.deep.equal([]);
        expect(locksOf({ url: "s3://team", env: {} }, "plinth", "dev")).to.deep.equal([]);
    });
    it("are held while their process lives, and always if it is on another machine", () => {
        lock("a.json", { pid: process.pid, hostname: hostname() });
        // Larger than any process number that Linux gives.
        lock("b.json", { pid: 2 ** 30, hostname: hostname() });
        lock("c.json", { pid: 2 ** 30, hostname: "elsewhere" });
        lock("a.json.attrs", {});
        expect(locks().map(({ alive }) => alive)).to.deep.equal([true, false, true]);
    });
});
