/**
 * Sets or unsets variables of this process.
 *
 * Never assign a whole object to `process.env`: what it then holds is no longer what `os.homedir()` and child processes
 * see.
 *
 * @returns what restores them
 */
export function changeEnvironment(changes: Readonly<Record<string, string | undefined>>): () => void {
    const before = Object.fromEntries(Object.keys(changes).map((name) => [name, process.env[name]]));
    const set = (values: Readonly<Record<string, string | undefined>>) => {
        for (const [name, value] of Object.entries(values)) {
            if (value === undefined) delete process.env[name];
            else process.env[name] = value;
        }
    };
    set(changes);
    return () => set(before);
}
