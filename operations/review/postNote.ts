import { readFileSync } from "node:fs";
import { z } from "zod";
import { show } from "../../config/problems";
import { UserError } from "../system/errors";

interface Note {
    readonly id: number;
    readonly body: string;
    readonly author: unknown;
}

/** Sends a request to a service and returns its response. */
type Send = (method: string, url: string, content?: object) => Promise<unknown>;

/** Where a change is discussed. */
interface Discussion {
    /** URL of its notes. */
    readonly notes: string;
    /** Schema of a page of notes. */
    readonly page: z.ZodType<readonly Note[]>;
    /** The author that this job's token stands for, as in its notes. */
    readonly author: (send: Send) => Promise<unknown>;
    /** URL of a note, and the method that changes it. */
    readonly change: (id: number) => { url: string; method: "PUT" | "PATCH" };
    readonly headers: Readonly<Record<string, string>>;
}

/**
 * Posts a note to the merge or pull request that this job runs for, or updates the last one of the same author with the
 * same first line. The author is compared because anyone could write that line.
 *
 * @throws UserError if this is not such a job, or the service refuses, is unreachable or sends an unexpected answer
 */
export async function postNote(body: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
    const { notes, page, author, change, headers } = discussionIn(env);
    const [marker] = body.split("\n");
    const send: Send = (method, url, content) => sendRequest(method, url, headers, content);
    const me = await author(send);
    const size = 100;
    for (let number = 1; ; number += 1) {
        const url = `${notes}?per_page=${size}&page=${number}`;
        const found = expected(page, await send("GET", url), `GET ${url}`);
        const own = found.find((note) => note.author === me && note.body.split(/\r?\n/)[0] === marker);
        if (own) {
            const { url, method } = change(own.id);
            return void (await send(method, url, { body }));
        }
        if (found.length < size) break;
    }
    await send("POST", notes, { body });
}

async function sendRequest(
    method: string,
    url: string,
    headers: Discussion["headers"],
    content?: object,
): Promise<unknown> {
    const what = `${method} ${url}`;
    const unreachable = (error: unknown): never => {
        // The error of fetch itself has no details.
        const { cause = error } = error as Error;
        const { message, code } = cause as NodeJS.ErrnoException;
        throw new UserError(`${what} failed: ${message || code}`);
    };
    const response = await fetch(url, {
        method,
        headers: { ...headers, "Content-Type": "application/json" },
        ...(content ? { body: JSON.stringify(content) } : {}),
    }).catch(unreachable);
    const answer = await response.text().catch(unreachable);
    // The answer may repeat what was sent, but does not include the token.
    if (!response.ok) throw new UserError(`${what} failed: ${response.status} ${answer}`);
    try {
        return JSON.parse(answer);
    } catch {
        throw new UserError(`${what} failed: the answer is not valid JSON: ${show(answer)}`);
    }
}

/** @throws UserError if an answer does not match the service's documentation */
function expected<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
    const { success, data } = schema.safeParse(answer);
    if (!success) throw new UserError(`${what} failed: the answer does not match the service's API: ${show(answer)}`);
    return data;
}

const gitlabUser = z.object({ id: z.number() });
const gitlabNotes = z.array(
    z
        .object({ id: z.number(), body: z.string(), author: gitlabUser })
        .transform((note) => ({ ...note, author: note.author.id })),
);

/** Comments of deleted accounts have no user. */
const githubComments = z.array(
    z
        .object({ id: z.number(), body: z.string().default(""), user: z.object({ login: z.string() }).nullable() })
        .transform(({ user, ...comment }) => ({ ...comment, author: user?.login })),
);

function discussionIn(env: NodeJS.ProcessEnv): Discussion {
    const need = (name: string, what: string): string => {
        const value = env[name];
        if (!value) throw new UserError(`--post needs ${what}: the environment variable ${name} is not set`);
        return value;
    };
    if (env["GITLAB_CI"]) {
        const request = need("CI_MERGE_REQUEST_IID", "a pipeline of a merge request");
        const api = need("CI_API_V4_URL", "GitLab's address");
        const notes = `${api}/projects/${need("CI_PROJECT_ID", "the project")}/merge_requests/${request}/notes`;
        return {
            notes,
            page: gitlabNotes,
            author: async (send) => expected(gitlabUser, await send("GET", `${api}/user`), `GET ${api}/user`).id,
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
        page: githubComments,
        // The account of every job's token, which may not call GET /user. No user can have such a name.
        author: () => Promise.resolve("github-actions[bot]"),
        change: (id) => ({ url: `${issues}/comments/${id}`, method: "PATCH" }),
        headers: {
            Authorization: `Bearer ${need("GITHUB_TOKEN", "the job's token, with `pull-requests: write`")}`,
            Accept: "application/vnd.github+json",
        },
    };
}
