import { expect } from "chai";
import { imageReference } from "../../config/fields";
import { type Image, images, resolveImage, usualReference } from "../../config/images";
import { imageSources } from "../../config/imageSources";

const config = imageSources.parse({});
const digest = `sha256:${"0a".repeat(32)}`;

describe("images", () => {
    it("are pulled at every start if the tag may have moved", () => {
        const policyOf = (reference: string) => resolveImage(images.caddy, reference, config).pullPolicy;
        for (const moving of ["x/y", "x/y:latest", "x/y:staging", "localhost:5000/y", "r.example.org:8443/x/y:main"])
            expect(policyOf(moving), moving).to.equal("Always");
        for (const fixed of ["x/y:2.1", "x/y:v2", "x/y:release-2026", `x/y:staging@${digest}`, `x/y@${digest}`])
            expect(policyOf(fixed), fixed).to.equal("IfNotPresent");
        const chosen = { ...config, pullPolicy: "IfNotPresent" as const };
        expect(resolveImage(images.caddy, "x/y:staging", chosen).pullPolicy).to.equal("IfNotPresent");
    });
    it("come from what stands for their own registry, and nothing else", () => {
        const { mirror } = imageSources.parse({
            mirror: { "docker.io": "harbor.example.org/dockerhub", "quay.io": "harbor.example.org/quay/" },
        });
        const from = (image: Image) => usualReference(image, { ...config, mirror });
        expect(from(images.caddy)).to.equal("harbor.example.org/dockerhub/library/caddy:2.11.4-alpine");
        expect(from(images.redisExporter)).to.equal("harbor.example.org/dockerhub/oliver006/redis_exporter:v1.88.0");
        expect(from(images.minio)).to.match(/^harbor\.example\.org\/quay\/minio\/minio:/);
        expect(from(images.varnishExporter)).to.equal(images.varnishExporter.reference);
        const hub = imageSources.parse({ mirror: "harbor.example.org/dockerhub" });
        expect(usualReference(images.caddy, hub)).to.equal(from(images.caddy));
        expect(usualReference(images.minio, hub)).to.equal(images.minio.reference);
        // Docker Hub has two names.
        expect(imageSources.parse({ mirror: { "index.docker.io": "r.example.org/hub" } }).mirror).to.have.keys(
            "docker.io",
        );
    });
    it("built by this project have fixed tags", () => {
        expect(resolveImage(images.caddy, undefined, config).pullPolicy).to.equal("IfNotPresent");
    });
    it("are valid references", () => {
        for (const good of [
            "caddy",
            "docker.io/library/caddy:2.11.4-alpine",
            "localhost:5000/plinth/opencart-php:4.1.0.4",
            `gitlab.example.org:4567/a/b__c/d-e:Staging_1@${digest}`,
            "[2001:db8::1]:5000/x",
            `x@${digest}`,
        ])
            expect(imageReference.safeParse(good).success, good).to.equal(true);
        for (const bad of [
            "",
            "x:",
            "X",
            "x y",
            "https://r.example.org/x:1",
            "x@sha256:ab",
            "x:a:b",
            "/x",
            "x/",
            `x:${"t".repeat(129)}`,
            "x:1\n",
        ])
            expect(imageReference.safeParse(bad).success, bad).to.equal(false);
    });
});
