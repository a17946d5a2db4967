#!/bin/sh
# Before the server of a member is stopped: waits while another one is being filled or is about to join, because a
# rollout, a drain or a restart must not take the second one away. One that does not answer is not waited for.
. "$(dirname "$0")/common.sh"
: "${PATIENCE:=300}"
end=$(($(now) + PATIENCE))
while [ "$(now)" -lt "$end" ]; do
    waiting=
    for other in $(others); do
        ask "$other"
        case $told in
            'phase=runs component=Primary state=4 '*) ;;
            'phase=joins'* | 'phase=runs component=Primary '*) waiting=yes ;;
        esac
    done
    [ "$waiting" ] || break
    sleep 1
done
: >"$leaving"
