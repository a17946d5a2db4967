import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { allArchives } from "../../../operations/engine/archives";
import { baseImages } from "../../../operations/images/baseImages";
import { pinAll } from "../../../operations/images/pinning";
import { Downloads, sha256 } from "../../support/downloads";
import { write } from "../../support/files";
import { Registry } from "../../support/registry";
import { program, scratch } from "../../support/tools";

const root = join(__dirname, "..", "..", "..");
const old = `sha256:${"0".repeat(64)}`;

describe("pins of base images and programs", () => {
    const folder = scratch();
    let registry: Registry;
    let downloads: Downloads;
    let checkouts = 0;
    const version = "9.9.9";
    const archives = allArchives({ pulumi: version });
    const list = `releases/v${version}/pulumi-${version}-checksums.txt`;
    const digests: Record<string, string> = {};

    before(async function () {
        registry = await Registry.start(program(this, "docker-registry"), folder.path);
        for (const image of ["node:22.1.0-trixie", "php:8.4.1-fpm", "nginx:1.30.4-alpine", "syft:1.12.0"]) {
            const [name, tag] = image.split(":") as [string, string];
            digests[image] = (await registry.put(`library/${name}`, tag, image)).index;
        }
        downloads = await Downloads.start();
    });
    beforeEach(() => {
        downloads.files.clear();
        for (const { name, path, listed } of archives) if (!listed) downloads.files.set(`get/${path}`, name);
        downloads.files.set(
            list,
            archives
                .filter(({ listed }) => listed)
                .map(({ name }) => `${sha256(name)}  ${name}\n`)
                .join(""),
        );
    });
    after(async () => {
        downloads?.stop();
        await registry?.stop();
        folder.clean();
    });

    /** A checkout with every place where an image is named, and with places that name none. */
    function checkout() {
        const at = `${registry.host}/library`;
        const path = join(folder.path, `checkout-${checkouts++}`);
        mkdirSync(path);
        return write(path, {
            ".gitlab-ci.yml": `variables:\n    IMAGE: ${at}/node:22.1.0-trixie\ndefault:\n    image: $IMAGE\n`,
            ".github/workflows/checks.yml": `jobs:\n  a:\n    runs-on: ubuntu-24.04\n    container: ${at}/node:22.1.0-trixie@${old}\n`,
            "images/docker-bake.hcl":
                `variable "HUB" {\n    default = "${registry.host}"\n}\n` +
                'target "a" {\n    attest = ["type=sbom,generator=${HUB}/library/syft:1.12.0", "b"]\n}\n',
            "images/shop/Dockerfile":
                `# ARG PHP=1\nARG MIRROR=${at}\nARG PHP=8.4.1-fpm@${old}\nARG NGINX=1.30.4-alpine\n` +
                "FROM --platform=$BUILDPLATFORM ${MIRROR}/php:${PHP} AS code\nFROM scratch AS source\n" +
                "FROM code AS more\nFROM ${MIRROR}/php:${PHP} AS shop\nARG REDIS=6.2.0\nFROM ${MIRROR}/nginx:${NGINX}\n",
            "operations/engine/pins.json": JSON.stringify({ pulumi: version, sha256: { "old.tar.gz": sha256("old") } }),
        });
    }
    const contents = (path: string) =>
        Object.fromEntries(
            [
                ".gitlab-ci.yml",
                ".github/workflows/checks.yml",
                "images/docker-bake.hcl",
                "images/shop/Dockerfile",
                "operations/engine/pins.json",
            ].map((file) => [file, readFileSync(join(path, file), "utf8")]),
        );

    it("are written next to the tags for docker and the services, and for the engine", async () => {
        const path = checkout();
        const before = contents(path);
        const pinned = await pinAll({ folder: path, site: downloads.site });
        const after = contents(path);
        const node = `node:22.1.0-trixie@${digests["node:22.1.0-trixie"]}`;
        expect(after[".gitlab-ci.yml"]).to.equal(before[".gitlab-ci.yml"]!.replace("node:22.1.0-trixie", node));
        expect(after[".github/workflows/checks.yml"]).to.match(new RegExp(`container: \\S+/${node}\n$`));
        expect(after["images/docker-bake.hcl"]).to.equal(
            before["images/docker-bake.hcl"]!.replace("syft:1.12.0", `syft:1.12.0@${digests["syft:1.12.0"]}`),
        );
        expect(after["images/shop/Dockerfile"]).to.equal(
            before["images/shop/Dockerfile"]!.replace(old, digests["php:8.4.1-fpm"]!).replace(
                "1.30.4-alpine",
                `1.30.4-alpine@${digests["nginx:1.30.4-alpine"]}`,
            ),
        );
        const { sha256: sums } = JSON.parse(after["operations/engine/pins.json"]!) as {
            sha256: Record<string, string>;
        };
        expect(sums).to.deep.equal(Object.fromEntries(archives.map(({ name }) => [name, sha256(name)])));
        expect(pinned).to.have.length(5 + archives.length);
        expect(pinned).to.deep.include({
            file: "images/shop/Dockerfile",
            name: `${registry.host}/library/php:8.4.1-fpm`,
            from: old,
            to: digests["php:8.4.1-fpm"],
        });
        // Again: nothing changes.
        expect(await pinAll({ folder: path, site: downloads.site })).to.deep.equal([]);
        expect(contents(path)).to.deep.equal(after);
    });

    it("are written all or not at all, with the names of missing ones", async () => {
        const path = checkout();
        write(path, { ".gitlab-ci.yml": `variables:\n    IMAGE: ${registry.host}/library/node:0.0.1\n` });
        const plugin = archives.find(({ listed }) => !listed)!;
        downloads.files.delete(`get/${plugin.path}`);
        const before = contents(path);
        for (const [text, sign] of [
            [`${sha256("x")}  another.tar.gz\n`, `do not include pulumi-v${version}-darwin-arm64.tar.gz`],
            [undefined, `${list} answered 404`],
        ] as const) {
            if (text === undefined) downloads.files.delete(list);
            else downloads.files.set(list, text);
            const error = await pinAll({ folder: path, site: downloads.site }).then(
                () => expect.fail("pinned"),
                (reason: Error) => reason.message,
            );
            expect(error)
                .to.match(/^Nothing was changed/)
                .and.include("has no library/node:0.0.1")
                .and.include(`${plugin.path} answered 404`)
                .and.include(sign);
            expect(contents(path)).to.deep.equal(before);
        }
    });

    it("cover everything that this checkout names", () => {
        const found = baseImages(root);
        expect([...new Set(found.map(({ file }) => file))]).to.deep.equal([
            ".gitlab-ci.yml",
            ".github/workflows/checks.yml",
            "images/docker-bake.hcl",
            "images/opencart/Dockerfile",
            "images/openmage/Dockerfile",
            "images/qxsms/Dockerfile",
        ]);
        for (const { file, reference } of found) {
            expect(reference, file).to.match(/^docker\.io\/[a-z-]+\/[a-z-]+:\d+\.\d+\.\d+/);
            expect(readFileSync(join(root, file), "utf8"), file).to.include(reference.split(":")[1]!);
        }
    });
});
