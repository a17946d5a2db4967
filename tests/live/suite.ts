import { expect } from "chai";
import { controlPlane } from "../support/controlPlane";
import { waitFor } from "./cluster";
import { drain } from "./drain";
import { fill } from "./fill";
import { pullImages } from "./images";
import { Journal } from "./journal";
import { Live, type LiveOptions } from "./live";
import { visitsText } from "./load";
import type { Subject, Tier } from "./subject";
import { writtenText } from "./writer";

/** The options of the run, which run.ts passes on. */
export function liveOptions(): LiveOptions {
    const given = process.env["PLINTH_LIVE"];
    if (!given) throw new Error("tests/live runs as: npm run test:live -- --context NAME");
    return JSON.parse(given) as LiveOptions;
}

/**
 * Declares the life of one instance on a real cluster: each step does what users, operators or failures do, says what
 * was seen, and expects everything that was written before to be there.
 */
export function liveSuite(subject: Subject, more: (step: Step, live: () => Live) => void = () => undefined): void {
    describe(`${subject.title}, in containers`, function () {
        // A step waits for the cluster; what may take how long is said where it is measured.
        this.timeout(900_000);
        const options = liveOptions();
        let live: Live;
        const journal = new Journal(subject.title, options.report);
        const step: Step = (title, run) =>
            it(title, async function () {
                const noted = journal.note(title, () => run(live).finally(() => live.quiet()));
                if (await noted.finally(() => live.remember())) this.skip();
            });

        before(async function () {
            process.env["PLINTH_TEST_CONTEXT"] = options.context;
            live = new Live(subject, await controlPlane(this), options);
            // After what made the control plane has set its own.
            this.timeout((900 + (subject.launchSeconds ?? 900)) * 1000);
            const exists = await live.place.exists();
            if (exists && live.recall()) {
                await live.locate();
                return;
            }
            if (exists)
                throw new Error(
                    `Namespace ${live.place.name} exists, perhaps from a run that was interrupted; if nothing in it is needed: kubectl delete namespace ${live.place.name}`,
                );
            live.configure({});
            for (const [key, value] of Object.entries(subject.secrets))
                await live.plinthGiven(value, "secrets", "set", live.instance, key, live.stack);
            await journal.note("gets its images", async () => {
                if (options.build) for (const what of ["build", "load"]) await live.plinth("images", what, live.stack);
                const images = await pullImages(live);
                if (subject.interpreter) {
                    const { language, image } = subject.interpreter;
                    const reference = images.find((one) => one.split("/").at(-1)!.startsWith(`${image}:`));
                    await live.sink.start(language, reference!);
                }
                return `${images.length} images`;
            });
            const beside = await live.beside.start();
            if (beside.length > 0) await journal.note("has something beside it", async () => beside.join(", "));
            await journal.note("is launched", async () => {
                await live.plinth("launch", live.stack);
                await live.locate();
                await live.sql("CREATE TABLE plinth_live (n INTEGER PRIMARY KEY)");
                live.remember();
                return (await live.place.components()).join(", ");
            });
        });
        after(async function () {
            this.timeout(300_000);
            if (options.work && (await live?.place.exists())) return;
            await live?.sink.remove();
            await live?.beside.remove();
            live?.project.clean();
        });

        step("serves its pages", () => subject.page(live));
        step("logs a person in", () => subject.logIn(live));
        step("takes an upload and serves it", () => subject.upload(live));
        if (subject.mail) step("sends mail", (now) => subject.mail!(now));
        for (const [title, see] of Object.entries(subject.sees ?? {})) step(title, see);
        if (subject.cron) step("runs its scheduled tasks", (now) => subject.cron!(now));
        if (subject.task) step("works off a queued task", (now) => subject.task!(now));
        step("is healthy, and shows no drift", async (now) => {
            // Replicas copy their data after the launch, which does not wait for them.
            const seconds = await waitFor("healthy instance", 300, async () => {
                await now.plinth("status", now.stack);
                return true;
            });
            await now.plinth("drift", now.stack);
            return `status and drift: exit code 0, after ${seconds.toFixed(0)} s`;
        });

        for (const tier of subject.tiers) {
            step(`${tier.component}: each pod is deleted`, (now) => kill(now, tier, []));
            step(`${tier.component}: each pod is killed`, (now) => kill(now, tier, ["--grace-period=0", "--force"]));
        }
        step("rolls out a change", (now) =>
            underLoad(now, async () => {
                now.configure(subject.change);
                await now.plinth("launch", now.stack);
            }),
        );
        step("restarts its tiers", (now) =>
            underLoad(now, async () => void (await now.plinth("restart", subject.restarted.join(","), now.stack))),
        );
        step("is evicted from a node", drain);
        more(step, () => live);

        const { backup, rotated } = subject;
        if (backup)
            step("backs up, and restores what was damaged", async (now) => {
                const { damage, fingerprint } = backup;
                const before = await fingerprint(now);
                const rows = await now.expectKept();
                const started = Date.now();
                const name = (await now.plinth("backup", "now", now.instance, now.stack)).split("\n").at(-1)!;
                const backedUp = Date.now();
                await damage(now);
                expect(await fingerprint(now)).not.to.equal(before);
                const visits = now.load({ visitors: 2 });
                const again = Date.now();
                await now.plinth("backup", "restore", now.instance, name, now.stack, "--yes", now.instance);
                const took = (Date.now() - again) / 1000;
                expect(await fingerprint(now)).to.equal(before);
                await now.expectKept();
                return [
                    `backup ${((backedUp - started) / 1000).toFixed(0)} s, restore ${took.toFixed(0)} s, exact with ${rows} rows`,
                    visitsText(await visits.stop()),
                ];
            });
        if (rotated)
            step("rotates a password", async (now) => {
                const visits = now.load({ visitors: 2 });
                await now.plinth("secrets", "rotate", now.instance, rotated, now.stack);
                await now.expectKept();
                return visitsText(await visits.stop());
            });
        for (const volume of subject.fillable)
            step(`${volume.component}: its volume is full`, (now) => fill(now, volume));
        step("stops, and starts again", async (now) => {
            const stopped = Date.now();
            await now.plinth("stop", now.stack);
            expect(await now.place.components()).to.deep.equal([]);
            const started = Date.now();
            await now.plinth("start", now.stack);
            const up = Date.now();
            await now.locate();
            await now.expectKept();
            return `stop ${((started - stopped) / 1000).toFixed(0)} s, start ${((up - started) / 1000).toFixed(0)} s`;
        });
        step("is removed, and brought back", async (now) => {
            await now.plinth("instance", "remove", now.instance, now.stack, "--yes", now.instance);
            expect(await now.place.components()).to.deep.equal([]);
            await now.plinth("start", now.stack, now.instance);
            await now.locate();
            return `${await now.expectKept()} rows kept`;
        });
        step("is purged", async (now) => {
            await now.plinth("instance", "remove", now.instance, now.stack, "--yes", now.instance);
            await now.plinth("purge", now.instance, now.stack, "--yes", now.instance);
            expect(await now.place.exists()).to.equal(false);
            return "the namespace and its volumes are gone";
        });
    });
}

/** Declares one step: a test whose result is a line of the journal. */
export type Step = (title: string, run: (live: Live) => Promise<string | readonly string[]>) => void;

/** Deletes the pods of a tier one after the other, while visitors ask and rows are written. */
async function kill(live: Live, tier: Tier, how: readonly string[]): Promise<string | string[]> {
    if (live.isOutside(tier.component)) return `skipped: ${tier.component} is outside of the cluster`;
    const visits = live.load(tier.pages ? { pages: tier.pages } : {});
    const writer = tier.data ? await live.writer() : undefined;
    const recovered: number[] = [];
    const pods = await live.place.pods(tier.component);
    expect(pods.length).to.equal(tier.pods);
    for (const { metadata } of pods) {
        await live.place.kubectl("delete", "pod", metadata.name, "--wait=false", ...how);
        recovered.push(await live.place.ready(tier.component, tier.pods, [metadata.uid]));
    }
    // What waited for the pod gets its answer now, and is counted.
    await visits.settle();
    const written = await writer?.stop();
    const seen = await visits.stop();
    const said = [`${visitsText(seen)}; ready after ${recovered.map((one) => one.toFixed(0)).join(" and ")} s`];
    if (written) {
        live.keep(written.acknowledged);
        said.push(writtenText(written));
    }
    await live.expectKept();
    if (tier.pods > 1) expect(seen.failed, `${said[0]}; the first: ${seen.first}`).to.equal(0);
    if (tier.longest !== undefined) expect(seen.longest, said[0]).to.be.below(tier.longest);
    return said;
}

/** Something that must not disturb visitors where each of their tiers has two pods. */
async function underLoad(live: Live, run: () => Promise<void>): Promise<string> {
    const visits = live.load();
    await run();
    await visits.settle();
    const seen = await visits.stop();
    await live.expectKept();
    expect(seen.failed, `${visitsText(seen)}; the first: ${seen.first}`).to.equal(0);
    return visitsText(seen);
}
