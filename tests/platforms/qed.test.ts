import { expect } from "chai";
import type { PodSpec } from "kubernetes-types/core/v1";
import { serviceNames, services } from "../../platforms/qed/services";
import { brokenRules, podsOf } from "../support/invariants";
import type { Sent } from "../support/declare";
import { declareQed, has, variable, workloadKind } from "../support/qed";

const everything = Object.fromEntries(serviceNames.map((name) => [name, true]));

describe("QED's objects", () => {
    let objects: Sent[];
    before(async () => {
        objects = await declareQed({ instance: { services: everything } });
    });

    it("are all of the suite's services, under the names that its code has", () => {
        for (const name of serviceNames) expect(has(objects, workloadKind(name), name), name).to.equal(true);
    });
    it("keep every rule of objects", () => expect(brokenRules(objects)).to.deep.equal([]));
    it("give workers that start again, with the file of the last, as long for their first sign of life", () => {
        const probes = podsOf(objects)
            .flatMap(({ template }) => (template.spec as PodSpec).containers)
            .flatMap(({ livenessProbe }) => livenessProbe ?? [])
            .filter(({ exec }) => exec?.command?.join(" ").includes("celery.alive"));
        expect(probes).to.have.length.above(3);
        for (const { exec, initialDelaySeconds } of probes)
            expect(initialDelaySeconds).to.equal(Number(/-lt (\d+)/.exec(exec!.command!.join(" "))![1]));
    });
});

describe("a QED without one of its services", () => {
    const hostsOf = (text: string): string[] =>
        [...text.matchAll(/([a-z][-a-z0-9]*)\.qed-shop\.svc\.cluster\.local/g)].map(([, name]) => name!);

    for (const off of serviceNames)
        it(`settles without ${off}`, async () => {
            const objects = await declareQed({ instance: { services: { ...everything, [off]: false } } });
            expect(brokenRules(objects)).to.deep.equal([]);
            expect(has(objects, workloadKind(off), off)).to.equal(false);
            const served = new Set(
                objects.filter(({ kind }) => kind === "Service").map(({ metadata }) => metadata.name),
            );
            // In variables, commands, nginx' routes and the balancer's.
            const named = new Set(
                objects
                    .filter(({ kind }) => ["Deployment", "StatefulSet", "ConfigMap", "Secret", "Job"].includes(kind))
                    .flatMap((object) => hostsOf(JSON.stringify(object))),
            );
            expect([...named].filter((name) => !served.has(name))).to.deep.equal([]);
            const pods = new Set(
                objects
                    .filter(({ kind }) => ["Deployment", "StatefulSet"].includes(kind))
                    .map(({ metadata }) => metadata.labels["app.kubernetes.io/name"]),
            );
            for (const policy of objects.filter(({ kind }) => kind === "NetworkPolicy"))
                for (const [, name] of JSON.stringify(policy["spec"]).matchAll(/"app.kubernetes.io\/name":"([^"]+)"/g))
                    expect(pods, policy.metadata.name).to.include(name);
        }).timeout(60_000);

    it("has what cannot start without it off, too", async () => {
        const objects = await declareQed({ instance: { services: { redis: false } } });
        for (const name of ["qed-celery", "celery-flower", "cts-nodejs", "cts-manager", "cts-worker"])
            expect(has(objects, "Deployment", name), name).to.equal(false);
        for (const name of ["qed-django", "qed-flask"])
            expect(variable(objects, name, "REDIS_PORT")).to.equal(undefined);
    });
    it("has fifteen services unless its file says otherwise", () => {
        expect(Object.values(services).filter(Boolean)).to.have.length(15);
        expect(serviceNames).to.have.length(18);
    });
});
