import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replicationFiles } from "../../components/database/replication";
import { Dice } from "../fuzz/dice";
import { MemberModel, type ModelServer } from "./memberModel";
import { Running, ScheduledMember, type Script, tick } from "./memberScript";

const prelude = readFileSync(join(__dirname, "memberScripts", "model.sh"), "utf8");

/** What a schedule has ended with. */
export interface Ended {
    /** The declared source takes writes, or histories have gone apart, and it waits for somebody to decide. */
    readonly as: "open" | "apart";
    readonly steps: number;
    /** Members that do not follow, since they hold commits that the source lacks. */
    readonly left: number;
}

/**
 * Runs the scripts of three members on a {@link MemberModel}, in an order that a seed decides: each statement, each
 * wait, each transaction that a replica receives or applies is one step; in between servers, supervisors and both are
 * killed and start again, connections are cut, another source is declared, and members hear of it at different times.
 * Afterwards all is mended, and the declared source has to take writes. Then it is lost for good, and another one has to.
 *
 * @param isCut whether connections are cut, too
 */
export class MemberSchedule {
    private readonly folder = mkdtempSync(join(tmpdir(), "plinth-schedule-"));
    private readonly model = new MemberModel();
    private readonly members: readonly ScheduledMember[];
    private readonly dice: Dice;
    private readonly declared = [0];
    private readonly possible: readonly (() => void)[];
    /** One that was killed and does not come back. */
    private gone: ScheduledMember | undefined;
    private steps = 0;
    private wake: () => void = () => undefined;

    constructor(
        seed: number,
        isCut: boolean,
        private readonly shell: readonly string[],
    ) {
        this.dice = new Dice(seed);
        for (const [name, text] of Object.entries(replicationFiles())) writeFileSync(join(this.folder, name), text);
        writeFileSync(join(this.folder, "model.sh"), prelude);
        writeFileSync(join(this.folder, "accounts.sql"), "accounts\n");
        const started = "#!/bin/sh\nprintf '%s\\n' start \"$@\" @end >&3\nread -r _ <&4\n";
        writeFileSync(join(this.folder, "docker-entrypoint.sh"), started, { mode: 0o755 });
        for (const script of ["supervise", "start"])
            writeFileSync(
                join(this.folder, `run-${script}.sh`),
                `. "${this.folder}/model.sh"\n. "${this.folder}/${script}.sh"\n`,
            );
        this.members = this.model.servers.map(
            (server) => new ScheduledMember(this.model, server, join(this.folder, String(server.ordinal)), this.folder),
        );
        this.possible = this.disturbances(isCut);
    }

    private run(member: ScheduledMember, script: Script): Running {
        return new Running(member, script, this.shell, this.folder, member.env, () => this.wake());
    }

    private startServer(member: ScheduledMember): void {
        if (member.server.isUp || member.starting) return;
        member.starting = this.run(member, "start");
    }

    private startSupervisor(member: ScheduledMember): void {
        member.supervisor ??= this.run(member, "supervise");
    }

    private killServer(member: ScheduledMember): void {
        member.starting?.kill();
        member.starting = undefined;
        this.model.kill(member.server);
    }

    private killSupervisor(member: ScheduledMember): void {
        member.supervisor?.kill();
        member.supervisor = undefined;
    }

    private get running(): Running[] {
        return this.members.flatMap(({ supervisor, starting }) =>
            [supervisor, starting].filter((one) => one !== undefined),
        );
    }

    /** Waits until each script waits for an answer, so that nothing depends on how fast it is. */
    private async settle(): Promise<void> {
        for (;;) {
            for (const member of this.members) if (member.starting?.hasEnded) member.starting = undefined;
            const gone = this.members.find(({ supervisor }) => supervisor?.hasEnded);
            if (gone) throw new Error(`a supervisor has ended: ${gone.supervisor!.errors}`);
            if (this.running.every(({ request }) => request)) return;
            await new Promise<void>((resolve) => (this.wake = resolve));
        }
    }

    /** What may happen, with how often it does in this schedule: some things never, so that others show what they do. */
    private disturbances(isCut: boolean): (() => void)[] {
        const members = this.members.flatMap((member) => {
            const other = () => this.dice.among(this.model.servers);
            const all: (() => void)[] = [
                () => this.killServer(member),
                () => {
                    this.killServer(member);
                    this.startServer(member);
                },
                () => this.killSupervisor(member),
                () => {
                    this.killSupervisor(member);
                    this.startSupervisor(member);
                },
                () => this.startServer(member),
                () => this.startSupervisor(member),
                () => void this.declared.push(member.server.ordinal),
                () => this.tell(member),
                () => this.restartAll(),
                () => this.replace(member, (source) => this.killServer(source)),
                () =>
                    this.replace(member, (source) => {
                        this.killServer(source);
                        this.startServer(source);
                    }),
            ];
            return isCut ? [...all, () => this.model.cut(member.server, other()), () => this.model.heal()] : all;
        });
        return members.flatMap((one) => Array<() => void>(this.dice.among([0, 1, 1, 4])).fill(one));
    }

    /** All servers lose power, while some members have not heard of the last declaration. */
    private restartAll(): void {
        for (const member of this.members) {
            this.killServer(member);
            this.startServer(member);
        }
    }

    /** Declares another source, which hears of it before all others, while something happens to the present one. */
    private replace(member: ScheduledMember, happens: (source: ScheduledMember) => void): void {
        this.declared.push(member.server.ordinal);
        member.tell(this.declared.length - 1, member.server.ordinal);
        const source = this.members.find(({ server }) => !server.isClosed);
        if (source) happens(source);
    }

    private tell(member: ScheduledMember): void {
        const term = Math.min(this.declared.length - 1, member.told + 1 + this.dice.below(2));
        member.tell(term, this.declared[term]!);
    }

    private step(): void {
        for (const server of this.model.servers) {
            if (this.dice.chance(0.1)) this.model.write(server);
            if (this.dice.chance(0.3)) this.model.receive(server);
            if (this.dice.chance(0.3)) this.model.apply(server);
        }
        const ready = this.running.filter(({ request }) => request!.kind === "sql");
        if (ready.length > 0 && this.dice.chance(0.9)) return this.dice.among(ready).proceed();
        const waiting = this.running.filter(({ request }) => request!.kind === "sleep");
        const [next] = waiting.sort((one, other) => one.request!.wakes - other.request!.wakes);
        if (!next) return this.model.pass(tick / 4);
        this.model.pass(Math.max(0, next.request!.wakes - this.model.time));
        next.proceed();
    }

    /** Whether the declared source takes writes, alone, and who is left outside; undefined while that is not decided. */
    private get end(): Omit<Ended, "steps"> | undefined {
        const source = this.model.servers[this.declared.at(-1)!]!;
        const others = this.model.servers.filter((server) => server !== source && server !== this.gone?.server);
        const isApart = ({ log }: ModelServer) => log.some((id) => !source.log.includes(id));
        const left = others.filter(isApart).length;
        if (source.isClosed) {
            const says = this.members[source.ordinal]!.said.split("\n").at(-2) ?? "";
            return left > 0 && /gets from member \d what it lacks: Got fatal error/.test(says)
                ? { as: "apart", left }
                : undefined;
        }
        const follows = (server: ModelServer) =>
            server.isClosed &&
            server.source === source &&
            (server.isConnected || (server.error !== "" && isApart(server)));
        return others.every(follows) ? { as: "open", left } : undefined;
    }

    /** The members that may still run do so, and hear of the last declaration, until something is reached. */
    private async until<T>(what: string, reached: () => T | undefined): Promise<T> {
        this.model.heal();
        for (let left = 6000; left > 0; left--) {
            for (const member of this.members.filter((one) => one !== this.gone)) {
                this.startServer(member);
                this.startSupervisor(member);
                if (member.told < this.declared.length - 1) this.tell(member);
            }
            await this.settle();
            const is = reached();
            if (is !== undefined) return is;
            this.advance();
        }
        throw new Error(`never: ${what}`);
    }

    private advance(): void {
        this.steps++;
        this.step();
    }

    /** The source is lost for good while clients write, and another member, which was attached to it, takes its place. */
    private async lose(): Promise<void> {
        const source = this.members[this.declared.at(-1)!]!;
        const others = this.members.filter((member) => member !== source);
        const isAttached = ({ folder }: ScheduledMember) => {
            const path = join(folder, "run/plinth-attached");
            return existsSync(path) && readFileSync(path, "utf8").startsWith(`m${source.server.ordinal}:`);
        };
        for (let left = this.dice.below(100); left > 0; left--) {
            await this.settle();
            this.advance();
        }
        // Not where the source has just gone on alone: then it is missed.
        await this.until("the replicas are attached", () => others.every(isAttached) || undefined);
        this.killServer(source);
        this.killSupervisor(source);
        this.gone = source;
        this.declared.push(this.dice.among(others).server.ordinal);
        await this.until("another source in place of a lost one", () => this.end);
    }

    /** @throws Error with what the members said, if one takes writes that must not, or the source does not in the end */
    async play(steps: number): Promise<Ended> {
        try {
            for (const member of this.members) {
                this.startServer(member);
                this.startSupervisor(member);
            }
            for (let left = steps; left > 0; left--) {
                await this.settle();
                if (this.dice.chance(0.06) && this.possible.length > 0) this.dice.among(this.possible)();
                else this.advance();
            }
            const end = await this.until("the declared source takes writes", () => this.end);
            if (end.as === "open" && end.left === 0) await this.lose();
            return { ...end, steps: this.steps };
        } catch (error) {
            const said = this.members.map((member) => `member ${member.server.ordinal}:\n${member.said}`).join("\n");
            throw new Error(`${(error as Error).message}\n${said}`, { cause: error });
        } finally {
            for (const one of this.running) one.kill();
            rmSync(this.folder, { recursive: true, force: true });
        }
    }
}
