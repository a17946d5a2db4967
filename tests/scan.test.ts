import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { checkov, type Exception, type Finding, judge, kubeScore, remembered } from "./support/scanners";
import { write } from "./support/files";
import { goProgram, pythonProgram, scratch } from "./support/tools";

const golden = join(__dirname, "golden");
const stacks = readdirSync(golden)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join(golden, name));
const exceptions = parse(readFileSync(join(__dirname, "scan.exceptions.yaml"), "utf8")) as Exception[];

const of = (scanner: string) =>
    exceptions
        .map((one) => ({ ...one, findings: one.findings.filter((finding) => finding.startsWith(`${scanner} `)) }))
        .filter(({ findings }) => findings.length > 0);

/** Fails with each kind of finding once, and the objects concerned. */
function expectNothingNew(scanner: string, found: readonly Finding[]): void {
    const { unexpected, stale } = judge(found, of(scanner));
    console.log(
        `      ${scanner}: ${found.length} findings in ${stacks.length} stacks, ${of(scanner).length} exceptions, ${unexpected.length} findings without one`,
    );
    const lines = unexpected.map(({ finding, object, stack }) => `${finding}: ${object} (${stack})`);
    expect(lines, lines.join("\n")).to.deep.equal([]);
    expect(stale, "exceptions that nothing needs any more").to.deep.equal([]);
}

describe("the rendered objects of all fixture stacks", function () {
    this.timeout(600_000);
    const folder = scratch();
    after(() => folder.clean());

    it("have no findings of kube-score without a reason in tests/scan.exceptions.yaml", async function () {
        const command = await scorer(this);
        expectNothingNew("kube-score", await remembered(command, stacks, (files) => kubeScore(command, files)));
    });

    it("have no findings of checkov without a reason in tests/scan.exceptions.yaml", async function () {
        const command = await pythonProgram(this, "checkov");
        expectNothingNew("checkov", await remembered(command, stacks, (files) => checkov(command, files)));
    });

    it("cause findings if they are wrong", async function () {
        const pod = (name: string, context: string) =>
            `---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\n  namespace: shop\nspec:\n  containers:\n` +
            `    - name: web\n      image: nginx:1.30.4\n      securityContext: ${context}\n`;
        write(folder.path, { "bad.yaml": pod("good", "{privileged: false}") + pod("bad", "{privileged: true}") });
        const scored = await kubeScore(await scorer(this), [join(folder.path, "bad.yaml")]);
        expect(scored.filter(({ finding }) => finding.includes("privileged"))).to.deep.equal([
            {
                finding: "kube-score container-security-context-privileged: The container is privileged",
                object: "Pod/shop/bad/web",
                stack: "bad",
            },
        ]);
        const checked = await checkov(await pythonProgram(this, "checkov"), [join(folder.path, "bad.yaml")]);
        expect(checked.filter(({ finding }) => finding.includes("CKV_K8S_16:"))).to.deep.equal([
            {
                finding: "checkov CKV_K8S_16: Container should not be privileged",
                object: "Pod/shop/bad/web",
                stack: "bad",
            },
        ]);
    });
});

const scorer = (test: Mocha.Context) => goProgram(test, "kube-score", "github.com/zegl/kube-score/cmd/kube-score");

describe("exceptions from the scanners' findings", () => {
    const found = { finding: "scanner A: no", object: "Deployment/shop/web/php", stack: "small" };
    const exception = { findings: ["scanner A: no"], objects: "Deployment/[^/]+/web/php", reason: "because" };

    it("cover one finding on fully named objects, and are reported if unused", () => {
        expect(judge([found], [exception])).to.deep.equal({ unexpected: [], stale: [] });
        for (const other of [
            { finding: "scanner A: yes" },
            { object: "Deployment/shop/web/php2" },
            { object: "X/Deployment/shop/web/php" },
        ])
            expect(judge([found, { ...found, ...other }], [exception]).unexpected).to.have.length(1);
        expect(judge([found], [{ ...exception, stacks: ["large"] }]).unexpected).to.have.length(1);
        expect(judge([found], [{ ...exception, stacks: ["large", "small"] }]).unexpected).to.have.length(0);
        expect(judge([], [exception]).stale).to.deep.equal(["scanner A: no (Deployment/[^/]+/web/php)"]);
        expect(judge([found], [{ ...exception, findings: ["scanner A: no", "scanner B: no"] }]).stale).to.have.length(
            1,
        );
    });

    it("each have a reason", () => {
        expect(exceptions).not.to.have.length(0);
        for (const { reason, findings } of exceptions) {
            expect(reason, findings.join()).to.match(/\w+ \w+ \w+.*\.$/s);
            for (const finding of findings) expect(finding).to.match(/^(kube-score [a-z-]+|checkov CKV2?_K8S_\d+): \S/);
        }
    });
});
