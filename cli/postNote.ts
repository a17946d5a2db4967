import { readFileSync } from "node:fs";
import { UserError } from "./errors";

interface Note {
    readonly id: number;
    readonly body: string;
}

/** Where a change is discussed. */
interface Discussion {
    /** URL of its notes. */
    readonly notes: string;
    /** URL of one of them, and the method that changes it. */
    readonly change: (id: number) => { url: string; method: "PUT" | "PATCH" };
    readonly headers: Readonly<Record<string, string>>;
}

/**
 * Writes a note to the merge or pull request that this job runs for, over the last one with the same first line.
 *
 * @throws UserError when this is no such job, or the service refuses
 */
export async function postNote(body: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
    const { notes, change, headers } = discussionIn(env);
    const [marker] = body.split("\n");
    const send = async (url: string, method: string, content?: object): Promise<unknown> => {
        const response = await fetch(url, {
            method,
            headers: { ...headers, "Content-Type": "application/json" },
            ...(content ? { body: JSON.stringify(content) } : {}),
        });
        // The answer may repeat what was sent, but never the token.
        if (!response.ok) throw new UserError(`${method} ${url} failed: ${response.status} ${await response.text()}`);
        return response.json();
    };
    const size = 100;
    for (let page = 1; ; page += 1) {
        const found = (await send(`${notes}?per_page=${size}&page=${page}`, "GET")) as Note[];
        const own = found.find((note) => note.body.split(/\r?\n/)[0] === marker);
        if (own) {
            const { url, method } = change(own.id);
            return void (await send(url, method, { body }));
        }
        if (found.length < size) break;
    }
    await send(notes, "POST", { body });
}

function discussionIn(env: NodeJS.ProcessEnv): Discussion {
    const need = (name: string, what: string): string => {
        const value = env[name];
        if (!value) throw new UserError(`--post needs ${what}: the environment variable ${name} is not set`);
        return value;
    };
    if (env["GITLAB_CI"]) {
        const request = need("CI_MERGE_REQUEST_IID", "a pipeline of a merge request");
        const notes = `${need("CI_API_V4_URL", "GitLab's address")}/projects/${need("CI_PROJECT_ID", "the project")}/merge_requests/${request}/notes`;
        return {
            notes,
            change: (id) => ({ url: `${notes}/${id}`, method: "PUT" }),
            headers: { "PRIVATE-TOKEN": need("PLINTH_NOTE_TOKEN", "a project access token with the scope `api`") },
        };
    }
    if (!env["GITHUB_ACTIONS"]) throw new UserError("--post is for jobs of GitLab CI and GitHub Actions");
    const event = JSON.parse(readFileSync(need("GITHUB_EVENT_PATH", "an event"), "utf8")) as {
        pull_request?: { number: number };
    };
    if (!event.pull_request) throw new UserError("--post needs a workflow run of a pull request");
    const issues = `${need("GITHUB_API_URL", "GitHub's address")}/repos/${need("GITHUB_REPOSITORY", "the repository")}/issues`;
    return {
        notes: `${issues}/${event.pull_request.number}/comments`,
        change: (id) => ({ url: `${issues}/comments/${id}`, method: "PATCH" }),
        headers: {
            Authorization: `Bearer ${need("GITHUB_TOKEN", "the job's token, with `pull-requests: write`")}`,
            Accept: "application/vnd.github+json",
        },
    };
}
