// Makes the accounts in data that have none of ours, new or adopted, on a server that only this pod reaches and that
// asks for no password.

function prepare() {
    const { SERIES, UPGRADE_FROM, ADOPTED, APP_DATABASE, KEY } = process.env;
    const found = compatibility();
    if (found !== SERIES && found !== UPGRADE_FROM)
        refuse(
            `the data are of ${found} (featureCompatibilityVersion): set images.mongo to a tag of ${found}; or, one major version at a time, make a backup and set upgradeFrom to "${found}"`,
        );
    // A server without its replica set does not see the last commits of such data, and loses them when it writes.
    const set = db.getSiblingDB("local").getCollection("system.replset").findOne();
    if (set)
        refuse(
            `the data are those of a member of the replica set "${set._id}": dump them there with mongodump, and load them into an empty volume with mongorestore`,
        );
    if (ADOPTED) {
        const { databases } = db.adminCommand({ listDatabases: 1, nameOnly: true });
        const names = databases.map(({ name }) => name);
        if (!names.includes(APP_DATABASE))
            refuse(
                `the data at ${KEY} have no database "${APP_DATABASE}": set the name to one of: ${names.filter((name) => !["admin", "config", "local"].includes(name)).join(", ")}`,
            );
    }
    accounts();
    print("the accounts are made");
}

prepare();
