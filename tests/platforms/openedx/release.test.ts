import { expect } from "chai";
import { SeriesError } from "../../../components/database/series";
import { checkRelease, releaseOf } from "../../../platforms/openedx/release";
import { find, podOf, problemsOf, type Sent } from "../../support/declare";
import { declareOpenCart as declareInstance } from "../../support/opencart";

const declare = (instance: Readonly<Record<string, unknown>>): Promise<Sent[]> =>
    declareInstance({ instance: { platform: "openedx", host: "learn.example.org", ...instance } });

const own = (openedx: string, mfe = "r.example.org/mfe:branded") => ({ images: { openedx, mfe } });

describe("The release of Open edX", () => {
    it("is that of the image's tag, by number or by name", () => {
        for (const tag of ["22.0.3", "22", "v22.1", "22-indigo", "22.0.3-1", "verawood.1", "release-verawood.1"])
            expect(releaseOf(tag), tag).to.equal(22);
        expect(releaseOf("open-release-sumac.3")).to.equal(19);
        expect(releaseOf("23.0.0")).to.equal(23);
    });

    it("is not guessed from a tag that names none or may move", () => {
        for (const tag of ["", "latest", "main", "20261101", "2026.11", "22f3c9e", "220", "verawoods"])
            expect(releaseOf(tag), tag).to.equal(undefined);
    });

    it("must be known, and one for all images", async () => {
        for (const tag of ["", ":latest", ":f3c9e22", "@sha256:" + "0".repeat(64)])
            expect(await problemsOf(declare(own(`r.example.org/edx${tag}`))), tag).to.match(
                /images\.openedx: .*does not show its release.*22\.0\.3-1/,
            );
        expect(await problemsOf(declare(own("r.example.org/edx:21.0.9", "r.example.org/mfe:22.1.0")))).to.match(
            /images\.mfe: "r\.example\.org\/mfe:22\.1\.0" is of 22 \(Verawood\), but images\.openedx is of 21 \(Ulmo\).*allowed: a tag of 21/,
        );
        expect(await problemsOf(declare({ images: { mfe: "r.example.org/mfe:21.0.0" } }))).to.match(/images\.mfe: /);
        expect(await problemsOf(declare({ upgradeFrom: "21" }))).to.match(/upgradeFrom: "21".*such as "openedx 21"/);
    });

    it("is compared before the Task that migrates, which nothing of a new release precedes", async () => {
        const objects = await declare(own("r.example.org/edx:22.0.4-1"));
        expect(find(objects, "Job", "migrate").metadata.annotations["plinth.dev/checked"]).to.equal("openedx 22");
        const place = (kind: string, name: string) => objects.indexOf(find(objects, kind, name));
        const serving = objects.filter(({ kind, metadata }) => {
            if (!["Deployment", "StatefulSet", "CronJob"].includes(kind)) return false;
            const { containers } = podOf(objects, kind, metadata.name);
            return containers.some(({ image }: { image: string }) => image.startsWith("r.example.org/"));
        });
        expect(serving.map(({ metadata }) => metadata.name)).to.include.members(["lms", "cms", "mfe", "lms-worker"]);
        for (const { kind, metadata } of serving)
            expect(place(kind, metadata.name), metadata.name).to.be.above(place("Job", "migrate"));
    });

    const check = (known: number, wanted: number, consent?: number) => () =>
        checkRelease(
            "plinth:instances.x",
            ...([`openedx ${known}`, `openedx ${wanted}`] as const),
            consent === undefined ? undefined : `openedx ${consent}`,
        );

    it("changes to the next one only with consent that names the one of the data", () => {
        expect(check(22, 22)()).to.equal("openedx 22");
        expect(check(21, 22, 21)()).to.equal("openedx 22");
        for (const consent of [undefined, 20, 22])
            expect(check(21, 22, consent)).to.throw(
                SeriesError,
                /^plinth:instances\.x\.images\.openedx: .*21 \(Ulmo\), but the image is of 22 \(Verawood\); nothing was changed\.\n.*upgradeFrom to "openedx 21"/,
            );
        expect(check(22, 23)).to.throw(SeriesError, 'upgradeFrom to "openedx 22"');
    });

    it("is never skipped, with consent neither", () => {
        for (const consent of [undefined, 20])
            expect(check(20, 22, consent)).to.throw(SeriesError, "allowed: 20, or 21 with upgradeFrom: openedx 20");
    });

    it("is never skipped by a consent that the state cannot contradict any more", async () => {
        const upgrade = (tag: string) => declare({ ...own(`r.example.org/edx:${tag}`), upgradeFrom: "openedx 22" });
        expect(await problemsOf(upgrade("24.0.0"))).to.match(
            /upgradeFrom: "openedx 22" does not lead to the images' 24: .*allowed: 22, or 23 with upgradeFrom: openedx 22/,
        );
        await upgrade("23.0.0");
    });

    it("goes back only with consent, since migrations are not undone", () => {
        expect(check(22, 21)).to.throw(SeriesError, /Restore a backup that was made with 21, .*"openedx 22"/);
        // Left over from the upgrade.
        expect(check(22, 21, 21)).to.throw(SeriesError);
        expect(check(22, 21, 22)()).to.equal("openedx 21");
    });
});
