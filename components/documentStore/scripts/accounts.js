// What prepare.js and start.js have in common, for mongosh. Passwords come from the environment: arguments are seen by
// everyone who lists processes.

/** Ends the script for a reason that another attempt does not change. */
function refuse(reason) {
    print(`refused to start ${process.env.SERIES}: ${reason}`);
    quit(78);
}

/** The series whose features the data may use; an older server than that cannot open them. */
function compatibility() {
    const found = db.adminCommand({ getParameter: 1, featureCompatibilityVersion: 1 });
    return `mongo ${found.featureCompatibilityVersion.version}`;
}

/** Gives an account the password and the roles of the configuration, whether or not it exists. */
function account(database, user, settings) {
    const users = db.getSiblingDB(database);
    if (users.getUser(user)) users.updateUser(user, settings);
    else users.createUser({ user, ...settings });
}

/** The accounts of the configuration, and the one with which the pod itself changes them later. */
function accounts() {
    const { AUTH_SOURCE, APP_DATABASE, APP_USER, APP_PASSWORD, ROOT_PASSWORD } = process.env;
    const { MAINTENANCE, METRICS_USER, METRICS_PASSWORD } = process.env;
    const authenticationRestrictions = [{ clientSource: ["127.0.0.1", "::1"] }];
    account("admin", "plinth", { pwd: MAINTENANCE, roles: ["root"], authenticationRestrictions });
    account("admin", "root", { pwd: ROOT_PASSWORD, roles: ["root"] });
    account(AUTH_SOURCE, APP_USER, {
        pwd: APP_PASSWORD,
        roles: ["readWrite", "dbAdmin"].map((role) => ({ role, db: APP_DATABASE })),
    });
    // Sees statistics and the replica set's log, in which the latest changes are.
    if (METRICS_PASSWORD)
        account("admin", METRICS_USER, {
            pwd: METRICS_PASSWORD,
            roles: ["clusterMonitor", { role: "read", db: "local" }],
            authenticationRestrictions,
        });
}
