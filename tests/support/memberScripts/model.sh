# shellcheck shell=sh
# In place of the programs that a member's scripts call: asks the model of the test on descriptor 3, which answers on 4.

model() { # words
    # Without its test it must not go on.
    { printf '%s\n' "$@" @end >&3 && IFS= read -r model_status <&4; } 2>/dev/null || kill -KILL $$
    while IFS= read -r model_line <&4 && [ "$model_line" != @end ]; do printf '%s\n' "$model_line"; done
    return "$model_status"
}
mariadb() {
    case "$*" in
        *--execute=*) model mariadb "$@" ;;
        *) model mariadb "$@" "--execute=$(cat)" ;;
    esac
}
timeout() {
    shift
    "$@"
}
sleep() { model sleep; }
date() { model date; }
sync() { :; }
trap '' PIPE
