// Fails unless what deploys a stack belongs to the stack's branch alone: node .ci/own-branch.mjs BRANCH
// The settings of the service decide who gets the secrets; this tells when they are not as docs/ci.md wants them.
const [branch] = process.argv.slice(2);
const env = process.env;

const refuse = (reason) => {
    console.error(`Nothing was deployed. ${reason}\nHow it is set up: docs/ci.md, "Branches"`);
    process.exit(1);
};

async function askGitHub(path) {
    const response = await fetch(`${env.GITHUB_API_URL}/repos/${env.GITHUB_REPOSITORY}/${path}`, {
        headers: {
            Accept: "application/vnd.github+json",
            Authorization: `Bearer ${env.GITHUB_TOKEN}`,
            "X-GitHub-Api-Version": "2022-11-28",
        },
        signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) refuse(`GitHub answered ${response.status} to ${path}`);
    return response.json();
}

if (!branch) refuse("No branch was named");
if (env.GITLAB_CI) {
    if (env.CI_COMMIT_BRANCH !== branch)
        refuse(`This runs for ${env.CI_COMMIT_REF_NAME}, not for the branch ${branch}`);
    if (env.CI_COMMIT_REF_PROTECTED !== "true") refuse(`The branch ${branch} is not protected`);
} else {
    if (env.GITHUB_REF !== `refs/heads/${branch}`)
        refuse(`This runs for ${env.GITHUB_REF}, not for the branch ${branch}`);
    const { deployment_branch_policy: policy } = await askGitHub(`environments/${branch}`);
    if (!policy?.custom_branch_policies)
        refuse(`The environment ${branch} is open to ${policy ? "every protected branch" : "every branch"}`);
    const { branch_policies: allowed } = await askGitHub(`environments/${branch}/deployment-branch-policies`);
    const others = allowed.filter(({ name, type = "branch" }) => name !== branch || type !== "branch");
    if (others.length > 0 || allowed.length === 0)
        refuse(
            `The environment ${branch} is open to ${others.map(({ name, type = "branch" }) => `${type} ${name}`).join(", ") || "no branch"}`,
        );
}
