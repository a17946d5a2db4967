// Makes a start short: what takes long is done once and kept, or not at all.
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { dirname, join, relative, sep } = require("node:path");

const root = dirname(__dirname);
const kept = join(root, "node_modules", ".cache", "plinth");
// From Node 22.1 on, what V8 has compiled is kept too; only what is loaded after this line.
Module.enableCompileCache?.(join(kept, "compiled"));

// With these two the SDK turns functions into cloud resources, which no platform does: left alone, they take two fifths of
// a start. They are loaded when something of them is used.
const unused = ["typescript", "@npmcli/arborist"];
const { _load } = Module;
Module._load = function (request, parent, isMain) {
    const load = () => _load.call(this, request, parent, isMain);
    if (!unused.includes(request) || !/[\\/]@pulumi[\\/]pulumi[\\/]/.test(parent?.filename ?? "")) return load();
    return new Proxy({}, { get: (_, key) => (key === "__esModule" ? true : load()[key]) });
};

// Wherever a platform lies, `plinth/…` is this program: a copy of it among its own packages has other classes.
const { _resolveFilename } = Module;
const here = Object.assign(new Module(join(root, "package.json")), {
    filename: join(root, "package.json"),
    paths: Module._nodeModulePaths(root),
});
Module._resolveFilename = function (request, parent, ...rest) {
    return _resolveFilename.call(this, request, request.startsWith("plinth/") ? here : parent, ...rest);
};

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

// The TypeScript sources: each is translated once and kept until it changes. Without a folder that can be written to, each
// start translates them anew.
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
    // Platforms may be packages, and these TypeScript.
    { exts: [".ts"], ignoreNodeModules: false },
);
