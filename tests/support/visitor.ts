import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import type { Site } from "./site";

export interface Answer {
    readonly status: number;
    readonly body: string;
    readonly headers: IncomingHttpHeaders;
}

/** A visitor with a browser: keeps cookies and follows redirections; sends requests as the load balancer forwards them. */
export class Visitor {
    readonly cookies = new Map<string, string>();

    constructor(
        public site: Site,
        private readonly host: string,
        private readonly scheme: "https" | "http" = "https",
    ) {}

    async get(path: string): Promise<Answer> {
        return this.follow(await this.once(path));
    }

    async post(path: string, form: Readonly<Record<string, string>>): Promise<Answer> {
        return this.follow(await this.once(path, new URLSearchParams(form).toString()));
    }

    /** One request, without following a redirection. */
    async once(path: string, body?: string): Promise<Answer> {
        const headers = {
            Host: this.host,
            "X-Forwarded-Proto": this.scheme,
            "X-Forwarded-For": "192.0.2.7",
            Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
            ...(body === undefined ? {} : { "Content-Type": "application/x-www-form-urlencoded" }),
        };
        const method = body === undefined ? "GET" : "POST";
        // The raw path: a URL would already have resolved segments that the server must resolve.
        const { hostname, port } = new URL(this.site.url);
        const answer = await new Promise<IncomingMessage>((resolve, reject) =>
            request({ hostname, port, path, method, headers }, resolve).once("error", reject).end(body),
        );
        for (const cookie of answer.headers["set-cookie"] ?? []) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
            if (/Max-Age=0/i.test(cookie)) this.cookies.delete(name!);
            else this.cookies.set(name!, value!);
        }
        return { status: answer.statusCode!, body: await text(answer), headers: answer.headers };
    }

    /** The key that OpenMage's forms carry. */
    formKey(page: string): string {
        return /name="form_key"[^>]*value="([^"]+)"/.exec(page)![1]!;
    }

    /** Logs in to the administration of OpenMage. */
    async logIn(adminPath: string, username: string, password: string): Promise<Answer> {
        this.cookies.clear();
        const page = await this.get(`/${adminPath}/`);
        const action = new URL(/<form method="post" action="([^"]+)"/.exec(page.body)![1]!);
        return this.post(action.pathname, {
            form_key: this.formKey(page.body),
            "login[username]": username,
            "login[password]": password,
        });
    }

    private async follow(answer: Answer, left = 8): Promise<Answer> {
        const { location } = answer.headers;
        if (location === undefined || left === 0) return answer;
        const { pathname, search } = new URL(location, `${this.scheme}://${this.host}`);
        return this.follow(await this.once(pathname + search), left - 1);
    }
}
