// Loads the TypeScript sources: each file is translated once and kept until it changes, which halves the start of every
// command. Without a folder that can be written to, each start translates them anew.
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { dirname, join, relative, sep } = require("node:path");

const root = dirname(__dirname);
const kept = join(root, "node_modules", ".cache", "plinth");
// From Node 22.1 on, what V8 has compiled is kept too; only what is loaded after this line.
enableCompileCache?.(join(kept, "compiled"));

const { addHook } = require("pirates");
const { version } = require("sucrase/package.json");

/** @returns {string} JavaScript with the line numbers of the source, so stack traces need no map. */
function translate(source, path) {
    const { transform } = require("sucrase");
    return transform(source, { transforms: ["imports", "typescript"], filePath: path }).code;
}

function read(file, digest) {
    try {
        const text = readFileSync(file, "utf8");
        return text.startsWith(digest) ? text : undefined;
    } catch {
        return undefined;
    }
}

function keep(file, text) {
    try {
        mkdirSync(dirname(file), { recursive: true });
        // Others may read it at the same time: it appears whole.
        const part = `${file}.${process.pid}`;
        writeFileSync(part, text);
        renameSync(part, file);
    } catch {
        // A checkout that is somebody else's, or a full disk: it works without.
    }
}

addHook(
    (source, path) => {
        const digest = `/* ${createHash("sha256").update(version).update(source).digest("hex")} */ `;
        const file = join(kept, `${relative(root, path).split(sep).join("+")}.js`);
        const found = read(file, digest);
        if (found !== undefined) return found;
        const text = digest + translate(source, path);
        keep(file, text);
        return text;
    },
    { exts: [".ts"] },
);
