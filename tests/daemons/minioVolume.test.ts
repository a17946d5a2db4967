import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { volumeCheck } from "../../components/objectStorage/minio";
import { Minio } from "../support/minio";
import { StandIns } from "../support/standIns";
import { Daemon, freePort, goProgram, scratch } from "../support/tools";

/** As a server of 2022 wrote it. */
const oldFormat = '{"version":"1","format":"fs","id":"9a1a3ec2-2f2a-4f63-9b41-44d0d5d0e0aa","fs":{"version":"2"}}';

describe("a volume of MinIO that is taken over", () => {
    let folder: ReturnType<typeof scratch>;
    let tools: StandIns;
    beforeEach(() => {
        folder = scratch();
        tools = new StandIns(folder.path);
    });
    afterEach(() => folder.clean());
    const data = () => join(folder.path, "data");
    const write = (format: string) => {
        mkdirSync(join(data(), ".minio.sys"), { recursive: true });
        writeFileSync(join(data(), ".minio.sys", "format.json"), format);
    };
    const check = (version: string, { user, directory = data() }: { user?: number; directory?: string } = {}) => {
        tools.add("minio", `echo 'minio version ${version}'`);
        const script = join(folder.path, "check.sh");
        writeFileSync(script, volumeCheck());
        const { status, stderr } = spawnSync("/bin/sh", [script], {
            encoding: "utf8",
            env: { PATH: `${tools.path}:/bin:/usr/bin`, DATA: directory, KEY: "plinth:instances.x.volumes.storage" },
            ...(user === undefined ? {} : { uid: user, gid: user }),
        });
        return { code: status, said: stderr };
    };

    it("is opened by the release that wrote it, and by none that cannot read its format", () => {
        write(oldFormat);
        for (const release of ["2022-03-26T06-49-28Z.hotfix.26ec6a857", "2022-10-24T18-35-07Z"])
            expect(check(`RELEASE.${release}`)).to.deep.equal({ code: 0, said: "" });
        for (const release of ["2022-10-29T06-21-33Z", "2025-09-07T16-13-09Z (commit-id=0)"]) {
            const { code, said } = check(`RELEASE.${release}`);
            expect([code, said]).to.deep.equal([1, said]);
            expect(said).to.match(/images\.minio, is of 202[25]-\d\d-\d\d: set it to the release that wrote them/);
        }
    });

    it("must hold data", () => {
        mkdirSync(data());
        const { code, said } = check("RELEASE.2022-03-26T06-49-28Z");
        expect(code).to.equal(1);
        expect(said).to.include("no data of MinIO are in").and.include("plinth:instances.x.volumes.storage.path");
    });

    it("must be writable for the pod", function () {
        if (process.getuid!() !== 0) return this.skip();
        write(oldFormat);
        chmodSync(folder.path, 0o755);
        expect(check("RELEASE.2022-03-26T06-49-28Z", { user: 1000 }).said).to.include("writable for group 1000");
        for (const path of [data(), join(data(), ".minio.sys")]) {
            chownSync(path, 0, 1000);
            chmodSync(path, 0o2775);
        }
        expect(check("RELEASE.2022-03-26T06-49-28Z", { user: 1000 }).code).to.equal(0);
    });

    it("is refused by a current server without a reason, and passes once it has one of its own", async function () {
        write(oldFormat);
        const command = await goProgram(this, "minio", "github.com/minio/minio");
        const address = `127.0.0.1:${await freePort()}`;
        const env = { HOME: folder.path, MINIO_ROOT_USER: "openedx", MINIO_ROOT_PASSWORD: "of-the-test" };
        const server = new Daemon(command, ["server", data(), "--address", address], { env });
        expect(await server.exited).not.to.equal(0);
        expect(server.output).to.include("Unable to use the drive").and.not.to.include("format");

        const minio = new Minio(folder.path);
        try {
            await minio.start(this, "openedx");
        } finally {
            await minio.stop();
        }
        expect(check("RELEASE.2025-09-07T16-13-09Z", { directory: minio.data })).to.deep.equal({ code: 0, said: "" });
    });
});
