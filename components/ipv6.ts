import { type Sh, sh } from "./languages/sh";

/**
 * The beginning of a command that listens on IPv6 addresses, too, where the kernel has any: a socket for them is an
 * error elsewhere. The program and its arguments follow as further words.
 *
 * @param then what to do before, in a kernel with IPv6; it may change the words with `set --`
 */
export const whereIpv6 = (then: Sh): string[] => [
    "sh",
    "-c",
    sh`if [ -e /proc/net/if_inet6 ]; then
    ${then}
fi
exec "$@"`,
    "sh",
];
