#!/bin/sh
# Answers one HTTP request to the agent of a member: /state tells what common.sh describes; /writer has status 200 while
# this member takes writes, and 503 otherwise, which the proxies ask for.
. "$(dirname "$0")/common.sh"
read -r _ path _ || exit 0
# An answer to a request that has not been read would be cut off.
while read -r line && [ "${#line}" -gt 1 ]; do :; done
told_view || told=$(cat "$phase" 2>/dev/null) || told=
status='503 Service Unavailable'
case $path in
    /writer) case $told in *' open=yes '*) status='200 OK' ;; esac ;;
    *) status='200 OK' ;;
esac
printf 'HTTP/1.0 %s\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n%s\n' "$status" "$told"
