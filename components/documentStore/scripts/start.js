// Brings a server that has just started to what the configuration says: replica set, version of the data, passwords.
// Fails until the server takes writes; it may run any number of times.

/** Logs in with the account in the data; with the administrator's where that one has been removed. */
function login() {
    const { MAINTENANCE, ROOT_PASSWORD } = process.env;
    const admin = db.getSiblingDB("admin");
    try {
        admin.auth("plinth", MAINTENANCE);
    } catch {
        admin.auth("root", ROOT_PASSWORD);
    }
}

/** The replica set's configuration; undefined if there is none yet. */
function configuration() {
    try {
        // Not returned at once: mongosh waits for the answer here, and only there its failure is caught.
        const found = rs.conf();
        return found;
    } catch (error) {
        if (error.codeName !== "NotYetInitialized") throw error;
        return undefined;
    }
}

function start() {
    const { REPLICA_SET, MEMBER, SERIES, UPGRADE_FROM } = process.env;
    login();
    const config = configuration();
    if (!config) rs.initiate({ _id: REPLICA_SET, members: [{ _id: 0, host: MEMBER }] });
    // A volume that has come from another namespace: there is nobody who could agree to the change.
    else if (config.members.length === 1 && config.members[0].host !== MEMBER)
        rs.reconfig({ ...config, members: [{ ...config.members[0], host: MEMBER }] }, { force: true });
    if (!db.hello().isWritablePrimary) {
        print("is not the primary yet");
        quit(1);
    }
    const found = compatibility();
    if (found !== SERIES) {
        if (found !== UPGRADE_FROM) refuse(`the data are of ${found}, and nobody has agreed to an upgrade`);
        const version = SERIES.split(" ")[1];
        // Servers before 7.0 do not know the confirmation, which later ones demand.
        const confirm = parseInt(version) >= 7 ? { confirm: true } : {};
        db.adminCommand({ setFeatureCompatibilityVersion: version, ...confirm });
    }
    accounts();
    print("accounts and passwords are those of the configuration");
}

start();
