import { join } from "node:path";
import type { GaleraConfig } from "../../../config/database";
import { myCnf, type MyCnf, word } from "../../languages/myCnf";
import { constantFiles, linesOf, type Text, wordsOf } from "../../languages/text";

/** Ports of a member's pod. */
export const galeraPorts = {
    /** Of the proxy, which leads to the member that takes writes. */
    writes: 3306,
    /** Of the server itself. */
    server: 3307,
    /** Of the agent, which tells what the member is. */
    agent: 3308,
    /** Of Galera: its group, the transfer of missing commits, and that of all data. */
    group: 4567,
    missing: 4568,
    whole: 4444,
} as const;

const scripts = ["common.sh", "start.sh", "supervise.sh", "answer.sh", "ready.sh", "alive.sh", "leave.sh"] as const;

/** The scripts of a member: constant text, with all values from the environment. */
export const galeraScripts = () => constantFiles(join(__dirname, "scripts"), scripts);

/**
 * MiB of commits that a member may have missed: an eighth of the volume, so that one that was away for a while needs no
 * copy of all data.
 *
 * @param disk size of the volume, in MiB
 */
export const keptCommits = (disk: number): number => Math.max(64, Math.min(2048, Math.floor(disk / 8)));

/** Of members of which one takes all writes, as lines of `[mysqld]`. */
export const numberSettings: readonly MyCnf[] = [
    myCnf`# One member writes, so numbers need no gaps.`,
    myCnf`wsrep_auto_increment_control = OFF`,
];

/** Of every member that runs a platform's database, likewise. */
export const groupSettings: readonly MyCnf[] = [
    myCnf`# The platform's user makes triggers without being the administrator; rows are replicated, so they do no harm.`,
    myCnf`log_bin_trust_function_creators = ON`,
    myCnf`# Members may all be lost at once.`,
    myCnf`innodb_flush_log_at_trx_commit = 1`,
];

/**
 * Settings of a member, as lines of `[mysqld]`.
 *
 * @param group name that the members have in common
 * @param disk size of the volume, in MiB
 */
export const galeraSettings = (group: string, disk: number): MyCnf[] => [
    myCnf`port = ${galeraPorts.server}`,
    myCnf`wsrep_provider = /usr/lib/galera/libgalera_smm.so`,
    myCnf`wsrep_cluster_name = ${word(group)}`,
    myCnf`# The last component is found by asking all members, those too that were not in it.`,
    myCnf`wsrep_provider_options = "gcache.size=${keptCommits(disk)}M;gcache.recover=yes;pc.recovery=no;gcs.fc_limit=128"`,
    myCnf`# By an account that the donor makes for the time of a transfer (MariaDB 11.6), so that no password is kept for it.`,
    myCnf`wsrep_sst_method = mariabackup`,
    myCnf`wsrep_slave_threads = 4`,
    ...numberSettings,
    myCnf`binlog_format = ROW`,
    myCnf`innodb_autoinc_lock_mode = 2`,
    ...groupSettings,
    myCnf`# Which one takes writes is decided by the supervisors.`,
    myCnf`read_only = ON`,
];

type Haproxy = Text<"haproxy">;
const { text: haproxy, word: haproxyWord } = wordsOf<"haproxy">();

/**
 * The proxy beside each server: leads every connection to the member that takes writes, and ends those to one that does
 * not any more. https://docs.haproxy.org/3.0/configuration.html
 *
 * @param hosts of the members, in order
 * @param connections at most, as the server allows
 */
export const proxyConfiguration = (hosts: readonly string[], connections: number): Haproxy =>
    linesOf([
        haproxy`global`,
        haproxy`    maxconn ${connections + 50}`,
        haproxy`    hard-stop-after 60s`,
        haproxy`defaults`,
        haproxy`    mode tcp`,
        haproxy`    timeout connect 2s`,
        haproxy`    # The server ends idle connections itself, after an hour.`,
        haproxy`    timeout client 2h`,
        haproxy`    timeout server 2h`,
        haproxy`    # Members get another address with each pod.`,
        haproxy`resolvers cluster`,
        haproxy`    parse-resolv-conf`,
        haproxy`    hold valid 2s`,
        haproxy`    hold obsolete 10s`,
        haproxy`listen writes`,
        haproxy`    bind :${galeraPorts.writes}`,
        haproxy`    option httpchk GET /writer`,
        haproxy`    timeout check 2s`,
        haproxy`    default-server check port ${galeraPorts.agent} inter 500ms rise 1 fall 2 on-marked-down shutdown-sessions resolvers cluster init-addr last,libc,none`,
        ...hosts.map(
            (host, ordinal) => haproxy`    server member-${ordinal} ${haproxyWord(host)}:${galeraPorts.server}`,
        ),
    ]);

const words = wordsOf<"words">();

/** The consent to begin, as the members read it: a member and its position; a line without words for none. */
export const beginFile = ({ begin }: GaleraConfig): Text<"words"> =>
    begin ? words.text`${begin.member} ${words.word(begin.position)}\n` : words.text`\n`;
