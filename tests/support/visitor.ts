import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";

export interface Answer {
    readonly status: number;
    readonly body: string;
    /** The body as it came. */
    readonly bytes: Buffer;
    readonly headers: IncomingHttpHeaders;
}

/** What a form sends: its fields, or fields and files. */
export type Form = Readonly<Record<string, string>> | FormData;

/** A visitor with a browser: keeps cookies and follows redirections. */
export class Visitor {
    readonly cookies = new Map<string, string>();

    /**
     * @param site where requests are sent, whatever host they are for
     * @param scheme that of the URLs that the site writes
     * @param forwards whether requests look as the load balancer forwards them; without, as a browser sends them
     */
    constructor(
        public site: { readonly url: string },
        private readonly host: string,
        private readonly scheme: "https" | "http" = "https",
        private readonly forwards = true,
    ) {}

    async get(path: string): Promise<Answer> {
        return this.follow(await this.once(path));
    }

    async post(path: string, form: Form): Promise<Answer> {
        return this.follow(await this.once(path, form));
    }

    /** One request, without following a redirection. */
    async once(path: string, form?: Form): Promise<Answer> {
        // Fetch's own class knows how either kind of form is sent.
        const sent = form && new Response(form instanceof FormData ? form : new URLSearchParams(form));
        return this.send(sent ? "POST" : "GET", path, sent);
    }

    /** One request as a script of a Django page sends it: for JSON, with JSON or a form, and with the token against forgery. */
    async script(method: string, path: string, body?: object): Promise<Answer> {
        return this.send(method, path, body && (body instanceof FormData ? new Response(body) : Response.json(body)), {
            Accept: "application/json",
            "X-CSRFToken": this.cookies.get("csrftoken") ?? "",
        });
    }

    private async send(
        method: string,
        path: string,
        sent: Response | undefined,
        more: Readonly<Record<string, string>> = {},
    ): Promise<Answer> {
        const headers = {
            Host: this.host,
            // OpenCart stores it at each log-in, and fails without.
            "User-Agent": "plinth-tests",
            ...(this.forwards ? { "X-Forwarded-Proto": this.scheme, "X-Forwarded-For": "192.0.2.7" } : {}),
            Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
            // Django compares it for requests over https.
            ...(sent
                ? {
                      "Content-Type": sent.headers.get("content-type")!,
                      Referer: `${this.scheme}://${this.host}/`,
                  }
                : {}),
            ...more,
        };
        const body = sent && Buffer.from(await sent.arrayBuffer());
        // The raw path: a URL would already have resolved segments that the server must resolve.
        const { hostname, port } = new URL(this.site.url);
        const answer = await new Promise<IncomingMessage>((resolve, reject) =>
            request({ hostname, port, path, method, headers, agent: false }, resolve).once("error", reject).end(body),
        );
        for (const cookie of answer.headers["set-cookie"] ?? []) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
            if (/Max-Age=0/i.test(cookie)) this.cookies.delete(name!);
            else this.cookies.set(name!, value!);
        }
        const bytes = await buffer(answer);
        return { status: answer.statusCode!, body: bytes.toString(), bytes, headers: answer.headers };
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
